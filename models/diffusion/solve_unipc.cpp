// UniPC: predictor and corrector of any order from one set of conditions.
#include "models/diffusion/solve.h"
#include "models/diffusion/solve_steps.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>

namespace ctforge::diffusion {

namespace {

constexpr int kGreatestOrder = 3;
using Row = std::array<double, kGreatestOrder>;

// Solves the Vandermonde system sum_j a_j r_j^(i) = b_i, i = 0 .. n-1, by elimination with pivoting.
Row solve_vandermonde(const Row& r, Row b, int n) {
  std::array<Row, kGreatestOrder> m{};
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) m[i][j] = std::pow(r[j], i);
  }
  for (int k = 0; k < n; ++k) {
    int pivot = k;
    for (int i = k + 1; i < n; ++i) {
      if (std::abs(m[i][k]) > std::abs(m[pivot][k])) pivot = i;
    }
    std::swap(m[k], m[pivot]);
    std::swap(b[k], b[pivot]);
    for (int i = k + 1; i < n; ++i) {
      const double factor = m[i][k] / m[k][k];
      for (int j = k; j < n; ++j) m[i][j] -= factor * m[k][j];
      b[i] -= factor * b[k];
    }
  }
  Row a{};
  for (int i = n - 1; i >= 0; --i) {
    double value = b[i];
    for (int j = i + 1; j < n; ++j) value -= m[i][j] * a[j];
    a[i] = value / m[i][i];
  }
  return a;
}

// One step's interval with the estimates known when it began: enough to predict its end, and to correct it once the
// estimate there is known.
struct Interval {
  Step step;
  torch::Tensor x;                  // at its beginning
  std::vector<torch::Tensor> data;  // estimates at its beginning and before, the newest first; as many as the order
  std::vector<double> log_ratio;    // of their levels

  int order() const { return static_cast<int>(data.size()); }

  // The corrector has the estimate at the end too (theorem 3.1 for UniC), the predictor does not (UniP).
  torch::Tensor end(const UniPcOptions& options, const torch::Tensor& data_at_end) const {
    const double decay = step.expm1_minus_h();
    auto sum = torch::zeros_like(x);
    const bool corrects = data_at_end.defined();
    const int terms = corrects ? order() : order() - 1;
    if (terms > 0) {
      const double h = -step.h();  // of data prediction, negative
      const double b_of_h = options.exponential_b ? decay : h;
      Row nodes{}, moments{};
      double phi = decay / h - 1, factorial = 1;
      for (int k = 0; k < terms; ++k) {
        nodes[k] = k + 1 < order() ? -(log_ratio[k + 1] - log_ratio[0]) / step.h() : 1;
        moments[k] = phi * factorial / b_of_h;
        factorial *= k + 2;
        phi = phi / h - 1 / factorial;
      }
      const Row weights = terms == 1 ? Row{0.5} : solve_vandermonde(nodes, moments, terms);
      for (int k = 0; k < terms; ++k) {
        const auto& there = k + 1 < order() ? data[static_cast<std::size_t>(k) + 1] : data_at_end;
        sum = sum + (there - data[0]) * (weights[k] / nodes[k]);
      }
      sum = sum * b_of_h;
    }
    return x * (step.to.sigma / step.from.sigma) - (data[0] * decay + sum) * step.to.alpha;
  }
};

}  // namespace

torch::Tensor solve_unipc(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                          const UniPcOptions& options, const StepHook& hook) {
  if (options.order < 1 || options.order > kGreatestOrder) throw std::invalid_argument("UniPC has orders 1 to 3");
  std::deque<torch::Tensor> past;  // estimates, the newest first, and the logarithms of sigma / alpha of their levels
  std::deque<double> log_ratios;
  std::optional<Interval> before;
  return walk(path, std::move(x), levels, hook, [&](const Step& step, torch::Tensor at) {
    const auto data = denoise(at, step.t).data;
    if (before && std::isfinite(before->step.h()) && before->step.h() > 0) at = before->end(options, data);
    past.push_front(data);
    log_ratios.push_front(std::log(step.from.ratio()));
    if (past.size() > 1 && !std::isfinite(log_ratios[1])) past.resize(1), log_ratios.resize(1);
    std::size_t order = std::min(past.size(), static_cast<std::size_t>(options.order));
    if (options.lower_order_final) order = std::min(order, levels.times.size() - step.index);
    if (!std::isfinite(step.h()) || step.h() == 0) order = 1;
    before = Interval{step,
                      at,
                      {past.begin(), past.begin() + static_cast<std::ptrdiff_t>(order)},
                      {log_ratios.begin(), log_ratios.begin() + static_cast<std::ptrdiff_t>(order)}};
    if (past.size() > kGreatestOrder) past.pop_back(), log_ratios.pop_back();
    return before->end(options, {});
  });
}

}  // namespace ctforge::diffusion
