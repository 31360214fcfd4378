// One-step solvers and Heun's method.
#include "models/diffusion/solve.h"

#include <cmath>
#include <stdexcept>

namespace ctforge::diffusion {

namespace {

void check_times(const std::vector<double>& times) {
  if (times.empty()) throw std::invalid_argument("a solver needs a time at least");
  for (std::size_t i = 1; i < times.size(); ++i) {
    if (!(times[i] < times[i - 1])) throw std::invalid_argument("a solver's times must decrease");
  }
}

// The level that step i ends at: data without noise after the last.
AlphaSigma next_level(const Path& path, const std::vector<double>& times, std::size_t i) {
  return i + 1 < times.size() ? path.at(times[i + 1]) : AlphaSigma{1, 0};
}

bool go_on(const StepHook& hook, std::size_t steps_done, const torch::Tensor& x) {
  return !hook || hook(static_cast<int>(steps_done), x);
}

}  // namespace

torch::Tensor starting_point(const Path& path, double t, const torch::Tensor& standard_noise) {
  return standard_noise.to(torch::kFloat64) * path.at(t).sigma;
}

torch::Tensor solve_first_order(const Denoise& denoise, const Path& path, torch::Tensor x,
                                const std::vector<double>& times, double eta, const NoiseSource& noise,
                                const StepHook& hook) {
  check_times(times);
  if (!(eta >= 0 && eta <= 1)) throw std::invalid_argument("eta must lie in [0, 1]");
  if (eta > 0 && !noise) throw std::invalid_argument("eta above 0 needs a source of noise");
  x = x.to(torch::kFloat64);
  for (std::size_t i = 0; i < times.size(); ++i) {
    const AlphaSigma from = path.at(times[i]), to = next_level(path, times, i);
    const auto data = denoise(x, times[i]);
    const double to_from = to.sigma / from.sigma, scale = from.alpha / to.alpha;
    // Formula 16 of Song et al.; the difference of squares may fall below 0 by rounding only.
    const double added = eta * to_from * std::sqrt(std::fmax(0, 1 - std::pow(scale * to_from, 2))) * from.sigma;
    const double kept = std::sqrt(std::fmax(0, to.sigma * to.sigma - added * added));
    x = to.alpha * data + (x - from.alpha * data) * (kept / from.sigma);
    if (added > 0) x = x + noise(static_cast<int>(i)).to(x.device(), torch::kFloat64) * added;
    if (!go_on(hook, i + 1, x)) break;
  }
  return x;
}

torch::Tensor solve_heun(const Denoise& denoise, const Path& path, torch::Tensor x, const std::vector<double>& times,
                         const StepHook& hook) {
  check_times(times);
  // The state is x / alpha, which moves along dx/dr = (x - D) / r.
  auto state = x.to(torch::kFloat64) / path.at(times[0]).alpha;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const AlphaSigma from = path.at(times[i]), to = next_level(path, times, i);
    const double step = to.ratio() - from.ratio();
    const auto slope = (state - denoise(state * from.alpha, times[i])) / from.ratio();
    auto moved = state + slope * step;
    if (to.sigma > 0) {
      const auto slope_there = (moved - denoise(moved * to.alpha, times[i + 1])) / to.ratio();
      moved = state + (slope + slope_there) * (step / 2);
    }
    state = moved;
    x = state * to.alpha;
    if (!go_on(hook, i + 1, x)) break;
  }
  return x;
}

}  // namespace ctforge::diffusion
