// Profiles of averages, their inner products and the least-squares combination.
#include "models/train/power_ema.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <ATen/ops/linalg_lstsq.h>
#include <torch/types.h>

namespace ctforge::train {

namespace {

// Standard deviation over length of the profile of a power: sqrt((g + 1) / ((g + 2)^2 (g + 3))), which falls as g
// rises.
double relative_deviation(double gamma) { return std::sqrt((gamma + 1) / ((gamma + 3))) / (gamma + 2); }

// The integral of the product of two profiles over the steps that both have.
double product(const EmaProfile& a, const EmaProfile& b) {
  const double shared = std::min(a.steps, b.steps), sum = a.gamma + b.gamma + 1;
  // Powers of ratios, which stay within range where powers of step numbers would not.
  return (a.gamma + 1) * (b.gamma + 1) / (sum * shared) * std::pow(shared / a.steps, a.gamma + 1) *
         std::pow(shared / b.steps, b.gamma + 1);
}

}  // namespace

double power_ema_gamma(double sigma_rel) {
  if (!(sigma_rel > 0 && sigma_rel <= relative_deviation(0)))
    throw std::invalid_argument("the relative length of an average must lie between 0 and 0.288");
  double low = 0, high = 1;
  while (relative_deviation(high) > sigma_rel) high *= 2;
  for (int i = 0; i < 200 && high - low > 1e-14 * high; ++i) {
    const double middle = (low + high) / 2;
    (relative_deviation(middle) > sigma_rel ? low : high) = middle;
  }
  return (low + high) / 2;
}

double power_ema_decay(double gamma, std::int64_t steps_done) {
  return std::pow(1 - 1 / static_cast<double>(steps_done), gamma + 1);
}

std::vector<double> post_hoc_factors(const std::vector<EmaProfile>& stored, const EmaProfile& wanted) {
  if (stored.empty()) throw std::invalid_argument("no stored averages");
  const auto proper = [](const EmaProfile& profile) { return profile.gamma >= 0 && profile.steps > 0; };
  if (!std::all_of(stored.begin(), stored.end(), proper) || !proper(wanted))
    throw std::invalid_argument("a profile needs a power of 0 at least and a positive number of steps");
  double last = 0;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    last = std::max(last, stored[i].steps);
    for (std::size_t j = 0; j < i; ++j) {
      if (stored[i].gamma == stored[j].gamma && stored[i].steps == stored[j].steps)
        throw std::invalid_argument("a stored average is twice there");
    }
  }
  if (wanted.steps > last) throw std::invalid_argument("no average of so many steps is stored");
  const auto n = static_cast<std::int64_t>(stored.size());
  auto products = torch::empty({n, n}, torch::kFloat64), wanted_products = torch::empty({n, 1}, torch::kFloat64);
  for (std::int64_t i = 0; i < n; ++i) {
    const EmaProfile& a = stored[static_cast<std::size_t>(i)];
    for (std::int64_t j = 0; j < n; ++j) products[i][j] = product(a, stored[static_cast<std::size_t>(j)]);
    wanted_products[i][0] = product(a, wanted);
  }
  // Neighbouring profiles are nearly the same, so the matrix is nearly singular: complete orthogonal factorisation.
  const auto solution = std::get<0>(at::linalg_lstsq(products, wanted_products, 1e-14, "gelsy")).contiguous();
  return {solution.data_ptr<double>(), solution.data_ptr<double>() + n};
}

}  // namespace ctforge::train
