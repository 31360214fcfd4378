// One-step solvers.
#include "models/diffusion/solve.h"

#include "models/diffusion/solve_steps.h"

#include <cmath>

namespace ctforge::diffusion {

namespace {

// The factor of the fresh noise, a number or, where it is learned, one for each element.
torch::Tensor spread_of(const Step& step, const Estimate& estimate, const FirstOrderOptions& options, double least,
                        double greatest) {
  switch (options.variance) {
    case StepVariance::Greatest:
      return torch::scalar_tensor(greatest, torch::kFloat64);
    case StepVariance::Learned:
      if (!estimate.variance.defined()) throw std::invalid_argument("the network has learned no variance");
      // Interpolated in the logarithm of the variance.
      return least * torch::exp(estimate.variance.to(torch::kFloat64) * std::log(step.from.sigma / step.to.sigma));
    case StepVariance::Least:
      break;
  }
  return torch::scalar_tensor(options.eta * least, torch::kFloat64);
}

}  // namespace

torch::Tensor starting_point(const Path& path, double t, const torch::Tensor& standard_noise) {
  const AlphaSigma level = path.at(t);
  const bool variance_exploding = level.alpha == 1;
  return standard_noise.to(torch::kFloat64) * (variance_exploding ? level.sigma : std::hypot(level.alpha, level.sigma));
}

torch::Tensor starting_point(const Path& path, double t, const torch::Tensor& clean,
                             const torch::Tensor& standard_noise) {
  const AlphaSigma level = path.at(t);
  return level.alpha * clean.to(torch::kFloat64) + level.sigma * standard_noise.to(torch::kFloat64);
}

torch::Tensor solve_first_order(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                                const FirstOrderOptions& options, const NoiseSource& noise, const StepHook& hook) {
  if (!(options.eta >= 0 && options.eta <= 1)) throw std::invalid_argument("eta must lie in [0, 1]");
  if (options.eta > 0 && !noise) throw std::invalid_argument("eta above 0 needs a source of noise");
  if (options.variance != StepVariance::Least && options.eta != 1)
    throw std::invalid_argument("another variance than the least is that of an ancestral step: eta must be 1");
  return walk(path, std::move(x), levels, hook, [&](const Step& step, const torch::Tensor& at) {
    const AlphaSigma &from = step.from, &to = step.to;
    const Estimate estimate = denoise(at, step.t);
    const double to_from = to.sigma / from.sigma, scale = from.alpha / to.alpha;
    // Formula 16 of Song et al.; the difference of squares may fall below 0 by rounding only.
    const double greatest = std::sqrt(std::fmax(0, 1 - std::pow(scale * to_from, 2))) * from.sigma;
    const double least = to_from * greatest;
    const double kept = std::sqrt(std::fmax(0, to.sigma * to.sigma - std::pow(options.eta * least, 2)));
    auto next = to.alpha * estimate.data + (at - from.alpha * estimate.data) * (kept / from.sigma);
    if (options.eta > 0 && !step.to_data())
      next =
          next + fresh_noise(noise, step, next) * spread_of(step, estimate, options, least, greatest).to(next.device());
    return next;
  });
}

torch::Tensor solve_consistency(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                                const NoiseSource& noise, const StepHook& hook) {
  if ((levels.times.size() > 1 || levels.end) && !noise)
    throw std::invalid_argument("several steps of a consistency model need noise");
  const double cleanest = path.at(path.t_min()).ratio();
  return walk(path, std::move(x), levels, hook, [&](const Step& step, const torch::Tensor& at) {
    const auto data = denoise(at, step.t).data;
    if (step.to_data()) return data;
    // The estimate is held to be of the path's cleanest level, so only what lies above that is added.
    const double spread = std::sqrt(std::fmax(0, std::pow(step.to.ratio(), 2) - cleanest * cleanest));
    return step.to.alpha * (data + fresh_noise(noise, step, data) * spread);
  });
}

}  // namespace ctforge::diffusion
