// What all solvers share: the walk over the steps, and the exact step for a constant estimate.
#pragma once

#include "models/diffusion/solve.h"

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <utility>

namespace ctforge::diffusion {

struct Step {
  std::size_t index;
  double t;             // where it begins
  AlphaSigma from, to;  // `to` holds no noise in the last step
  double t_next;        // where it ends; meaningless where that is data

  bool to_data() const { return to.sigma == 0; }
  // Length in half log-SNR, lambda = ln(alpha / sigma); infinite to data and from a level without signal.
  double h() const { return std::log(from.ratio()) - std::log(to.ratio()); }
  // e^-h - 1, exact at both infinite ends.
  double expm1_minus_h() const { return std::expm1(std::log(to.ratio() / from.ratio())); }
};

// Above this ratio of sigma to alpha there is next to no signal: what divides by alpha there magnifies the network's
// errors as much, and methods that do must not begin there. Above it lies the last step of the cosine schedule (20291),
// below it that of the linear one (157).
inline constexpr double kHardlyAnySignal = 200;

// advance(step, x) -> x at the end of the step, for every step until the hook stops it.
template <class Advance>
torch::Tensor walk(const Path& path, torch::Tensor x, const Levels& levels, const StepHook& hook, Advance advance) {
  const std::vector<double>& times = levels.times;
  if (times.empty()) throw std::invalid_argument("a solver needs a level at least");
  for (std::size_t i = 1; i < times.size(); ++i) {
    if (!(times[i] < times[i - 1])) throw std::invalid_argument("the levels of a solver must decrease");
  }
  if (levels.end && *levels.end > times.back()) throw std::invalid_argument("the levels of a solver must decrease");
  x = x.to(torch::kFloat64);
  for (std::size_t i = 0; i < times.size(); ++i) {
    const std::optional<double> next = i + 1 < times.size() ? times[i + 1] : levels.end;
    const Step step{i, times[i], path.at(times[i]), next ? path.at(*next) : AlphaSigma{1, 0}, next.value_or(0)};
    x = advance(step, x);
    if (hook && !hook(static_cast<int>(i) + 1, x)) break;
  }
  return x;
}

// Where the equation goes if the estimate of x_0 does not change on the way: DDIM's, Euler's and DPM-Solver++ 1's step.
inline torch::Tensor first_order_step(const AlphaSigma& from, const AlphaSigma& to, const torch::Tensor& x,
                                      const torch::Tensor& data) {
  return x * (to.sigma / from.sigma) + data * (to.alpha - from.alpha * to.sigma / from.sigma);
}

inline torch::Tensor fresh_noise(const NoiseSource& noise, const Step& step, const torch::Tensor& like) {
  return noise(static_cast<int>(step.index)).to(like.device(), torch::kFloat64);
}

}  // namespace ctforge::diffusion
