// Preconditioning coefficients of each target, and a network bound to them.
#include "models/diffusion/precond.h"

#include <cmath>
#include <stdexcept>
#include <utility>

namespace ctforge::diffusion {

Precond precond(Target target, const AlphaSigma& level, double t, const Path& path, double sigma_data) {
  if (!(sigma_data > 0)) throw std::invalid_argument("sigma_data must be positive");
  const double alpha = level.alpha, sigma = level.sigma, ratio = level.ratio();
  const double c_noise = path.discrete() ? t : 250 * std::log(ratio);
  const double norm = std::hypot(alpha, sigma);
  switch (target) {
    case Target::Noise:
      return {1 / alpha, -ratio, 1 / norm, c_noise};
    case Target::Data:
      return {0, 1, 1 / norm, c_noise};
    case Target::Velocity:
      // x_0 = alpha x - sigma v on x / norm, whose alpha and sigma are a variance-preserving pair.
      return {alpha / (norm * norm), -sigma / norm, 1 / norm, c_noise};
    case Target::Edm: {
      const double deviation = std::hypot(ratio, sigma_data);  // of x / alpha
      const double kept = sigma_data / deviation;
      return {kept * kept / alpha, ratio * kept, 1 / (alpha * deviation), c_noise};
    }
  }
  throw std::invalid_argument("unknown target");
}

Denoise bind(Net net, Parametrisation parametrisation, Condition condition) {
  return [net = std::move(net), parametrisation = std::move(parametrisation), condition = std::move(condition)](
             const torch::Tensor& x, double t) {
    const Path& path = parametrisation.path;
    const Precond c = precond(parametrisation.target, path.at(t), t, path, parametrisation.sigma_data);
    const auto c_noise = torch::full({x.size(0)}, c.c_noise, x.options().dtype(torch::kFloat32));
    const auto output = net((x * c.c_in).to(torch::kFloat32), c_noise, condition);
    return x * c.c_skip + output.to(x.scalar_type()) * c.c_out;
  };
}

Denoise clipped(Denoise denoise, double limit) {
  if (!(limit > 0)) throw std::invalid_argument("the limit of an estimate must be positive");
  return [denoise = std::move(denoise), limit](const torch::Tensor& x, double t) {
    return denoise(x, t).clamp(-limit, limit);
  };
}

}  // namespace ctforge::diffusion
