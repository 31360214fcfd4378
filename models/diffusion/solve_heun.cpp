// Heun's method, with churn, and the single-step DPM-Solver++: two denoiser calls a step.
#include "models/diffusion/solve.h"
#include "models/diffusion/solve_steps.h"

#include <algorithm>
#include <numbers>

namespace ctforge::diffusion {

namespace {

// With u = x / (alpha + q sigma) and w = sigma / (alpha + q sigma), du/dw = (u - D) / w for any q: q = 0 is the
// equation of Karras et al. 2022, q = 1 that of rectified flow, which exists without signal too.
struct Coordinates {
  double q;
  double scale(const AlphaSigma& level) const { return level.alpha + q * level.sigma; }
  double w(const AlphaSigma& level) const { return level.sigma / scale(level); }
};

// Moves x and its level up to what churn asks for, if anything; z is asked for only then.
void churned(const ChurnOptions& churn, std::size_t steps, const Path& path, Step& step, torch::Tensor& x,
             const NoiseSource& noise) {
  const double ratio = step.from.ratio();
  if (churn.amount == 0 || !std::isfinite(ratio) || ratio < churn.low || ratio > churn.high) return;
  const double factor = 1 + std::min(churn.amount / static_cast<double>(steps), std::numbers::sqrt2 - 1);
  const double t = path.time_of_ratio(ratio * factor);  // the path may end before
  const AlphaSigma level = path.at(t);
  const double added = std::sqrt(std::max(0.0, level.ratio() * level.ratio() - ratio * ratio));
  x = (x / step.from.alpha + fresh_noise(noise, step, x) * (added * churn.noise)) * level.alpha;
  step.t = t;
  step.from = level;
}

}  // namespace

torch::Tensor solve_heun(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                         const ChurnOptions& churn, const NoiseSource& noise, const StepHook& hook) {
  if (!(churn.amount >= 0 && churn.noise >= 0 && churn.low <= churn.high))
    throw std::invalid_argument("churn must not be negative, nor its limits empty");
  if (churn.amount > 0 && !noise) throw std::invalid_argument("churn needs a source of noise");
  if (levels.times.empty()) throw std::invalid_argument("a solver needs a level at least");
  const Coordinates coordinates{path.at(levels.times.front()).ratio() > kHardlyAnySignal ? 1.0 : 0.0};
  return walk(path, std::move(x), levels, hook, [&](Step step, torch::Tensor at) {
    churned(churn, levels.times.size(), path, step, at, noise);
    const double from = coordinates.w(step.from), to = coordinates.w(step.to);
    const auto u = at / coordinates.scale(step.from);
    const auto slope = (u - denoise(at, step.t).data) / from;
    auto moved = u + slope * (to - from);
    if (!step.to_data()) {
      const auto slope_there = (moved - denoise(moved * coordinates.scale(step.to), step.t_next).data) / to;
      moved = u + (slope + slope_there) * ((to - from) / 2);
    }
    return moved * coordinates.scale(step.to);
  });
}

torch::Tensor solve_singlestep(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                               const StepHook& hook) {
  return walk(path, std::move(x), levels, hook, [&](const Step& step, const torch::Tensor& at) {
    auto data = denoise(at, step.t).data;
    if (std::isfinite(step.h())) {
      const double t = path.time_of_ratio(std::sqrt(step.from.ratio() * step.to.ratio()));
      data = denoise(first_order_step(step.from, path.at(t), at, data), t).data;
    }
    return first_order_step(step.from, step.to, at, data);
  });
}

}  // namespace ctforge::diffusion
