// Preconditioning coefficients of each target, and a network bound to them.
#include "models/diffusion/precond.h"

#include <cmath>
#include <stdexcept>
#include <utility>

namespace ctforge::diffusion {

Precond precond(Target target, const AlphaSigma& level, double t, const Path& path, double sigma_data) {
  if (!(sigma_data > 0)) throw std::invalid_argument("sigma_data must be positive");
  const double alpha = level.alpha, sigma = level.sigma, c_noise = path.noise_input(t);
  const double norm = std::hypot(alpha, sigma);
  switch (target) {
    case Target::Noise:
      if (!(alpha > 0))
        throw std::invalid_argument("a network that predicts noise cannot begin at a level without signal");
      return {1 / alpha, -sigma / alpha, 1 / norm, c_noise};
    case Target::Data:
      return {0, 1, 1 / norm, c_noise};
    case Target::Velocity:
      // x_0 = alpha x - sigma v on x / norm, whose alpha and sigma are a variance-preserving pair.
      return {alpha / (norm * norm), -sigma / norm, 1 / norm, c_noise};
    case Target::Edm: {
      // Table 1 on x / alpha, multiplied out so that alpha may be 0.
      const double deviation = std::hypot(sigma, alpha * sigma_data);  // of x
      return {alpha * sigma_data * sigma_data / (deviation * deviation), sigma * sigma_data / deviation, 1 / deviation,
              c_noise};
    }
    case Target::Boundary: {
      const double deviation = std::hypot(sigma, alpha * sigma_data);
      const double above = sigma - alpha * path.at(path.t_min()).ratio();  // of the noise level at the boundary
      return {alpha * sigma_data * sigma_data / (above * above + std::pow(alpha * sigma_data, 2)),
              above * sigma_data / deviation, 1 / deviation, c_noise};
    }
    case Target::Flow:
      return {1 / (alpha + sigma), -sigma / (alpha + sigma), 1 / (alpha + sigma), c_noise};
  }
  throw std::invalid_argument("unknown target");
}

Denoise bind(Net net, Parametrisation parametrisation, Condition condition) {
  return [net = std::move(net), parametrisation = std::move(parametrisation), condition = std::move(condition)](
             const torch::Tensor& x, double t) -> Estimate {
    const Path& path = parametrisation.path;
    const Precond c = precond(parametrisation.target, path.at(t), t, path, parametrisation.sigma_data);
    const auto c_noise = torch::full({x.size(0)}, c.c_noise, x.options().dtype(torch::kFloat32));
    const auto output = net((x * c.c_in).to(torch::kFloat32), c_noise, condition).to(x.scalar_type());
    if (!parametrisation.learned_variance) return x * c.c_skip + output * c.c_out;
    const auto halves = output.chunk(2, 1);
    return {x * c.c_skip + halves.at(0) * c.c_out, (halves.at(1) + 1) / 2};
  };
}

torch::Tensor column_of(const std::vector<double>& values, const torch::Tensor& x) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = static_cast<std::int64_t>(values.size());
  return torch::tensor(values, torch::kFloat64).to(torch::kFloat32).to(x.device()).view(shape);
}

DenoiseEach bind_each(Net net, Parametrisation parametrisation, Condition condition) {
  return [net = std::move(net), parametrisation = std::move(parametrisation), condition = std::move(condition)](
             const torch::Tensor& x, const std::vector<double>& times) -> Estimate {
    const Path& path = parametrisation.path;
    std::vector<double> c_skip, c_out, c_in, c_noise;
    for (const double t : times) {
      const Precond c = precond(parametrisation.target, path.at(t), t, path, parametrisation.sigma_data);
      c_skip.push_back(c.c_skip);
      c_out.push_back(c.c_out);
      c_in.push_back(c.c_in);
      c_noise.push_back(c.c_noise);
    }
    const auto output = net((x * column_of(c_in, x)).to(torch::kFloat32), column_of(c_noise, x).flatten(), condition)
                            .to(x.scalar_type());
    if (!parametrisation.learned_variance) return x * column_of(c_skip, x) + output * column_of(c_out, x);
    const auto halves = output.chunk(2, 1);
    return {x * column_of(c_skip, x) + halves.at(0) * column_of(c_out, x), (halves.at(1) + 1) / 2};
  };
}

namespace {

// Where on `own` a state of `visited` lies, and what it is multiplied with there.
struct Carried {
  double t, factor;
};
Carried carried(const Path& own, const AlphaSigma& level) {
  const double t = own.time_of_ratio(level.ratio());
  const AlphaSigma there = own.at(t);
  // By the greater of the two, so that neither a level without signal nor one without noise divides by zero.
  return {t, level.alpha > level.sigma ? there.alpha / level.alpha : there.sigma / level.sigma};
}

}  // namespace

Denoise on_path(Denoise denoise, const Path& own, const Path& visited) {
  return [denoise = std::move(denoise), own, visited](const torch::Tensor& x, double t) {
    const Carried there = carried(own, visited.at(t));
    return denoise(x * there.factor, there.t);
  };
}

DenoiseEach on_path(DenoiseEach denoise, const Path& own, const Path& visited) {
  return [denoise = std::move(denoise), own, visited](const torch::Tensor& x, const std::vector<double>& times) {
    std::vector<double> own_times, factors;
    for (const double t : times) {
      const Carried there = carried(own, visited.at(t));
      own_times.push_back(there.t);
      factors.push_back(there.factor);
    }
    return denoise(x * column_of(factors, x), own_times);
  };
}

Denoise clipped(Denoise denoise, double limit) {
  if (!(limit > 0)) throw std::invalid_argument("the limit of an estimate must be positive");
  return [denoise = std::move(denoise), limit](const torch::Tensor& x, double t) -> Estimate {
    Estimate estimate = denoise(x, t);
    estimate.data = estimate.data.clamp(-limit, limit);
    return estimate;
  };
}

}  // namespace ctforge::diffusion
