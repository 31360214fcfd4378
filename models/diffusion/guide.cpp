// One formula for every kind of guidance.
#include "models/diffusion/guide.h"

#include <cmath>
#include <stdexcept>

namespace ctforge::diffusion {

Denoise guide(Denoise base, std::vector<std::pair<Denoise, double>> terms, Denoise outside, Interval interval,
              const Path& path) {
  if (terms.empty()) throw std::invalid_argument("guidance needs a term at least");
  if (!(interval.low <= interval.high)) throw std::invalid_argument("the guidance interval is empty");
  // base + sum w_i (D_i - base) = (1 - sum w_i) base + sum w_i D_i
  double base_weight = 1;
  for (const auto& [denoise, weight] : terms) {
    if (!std::isfinite(weight)) throw std::invalid_argument("a guidance weight is not finite");
    base_weight -= weight;
  }
  terms.emplace_back(std::move(base), base_weight);  // last: the variance is that of the first condition
  std::erase_if(terms, [](const auto& term) { return term.second == 0; });
  return [terms = std::move(terms), outside = std::move(outside), interval, path](const torch::Tensor& x,
                                                                                  double t) -> Estimate {
    const double ratio = path.at(t).ratio();
    if (ratio < interval.low || ratio > interval.high) return outside(x, t);
    torch::Tensor sum, variance;
    for (const auto& [denoise, weight] : terms) {
      const Estimate estimate = denoise(x, t);
      const auto part = estimate.data * weight;
      sum = sum.defined() ? sum + part : part;
      if (!variance.defined()) variance = estimate.variance;
    }
    return {sum, variance};
  };
}

}  // namespace ctforge::diffusion
