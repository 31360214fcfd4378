// Gaussian divergences of single steps, in float64.
#include "models/diffusion/bound.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace ctforge::diffusion {

namespace {

// What is known of the step from t to t - 1 before the network is asked.
struct StepMoments {
  double of_data, of_x;  // the mean of q(x_{t-1}|x_t,x_0) = of_data x_0 + of_x x_t
  double log_least;      // logarithm of its variance; at t = 0, where that is 0, the value of t = 1
  double log_greatest;   // logarithm of beta_t
};

StepMoments moments(const Path& path, double t) {
  const AlphaSigma from = path.at(t), to = t > 0 ? path.at(t - 1) : AlphaSigma{1, 0};
  const double kept = from.alpha / to.alpha, shrunk = to.sigma / from.sigma;
  const double greatest = from.sigma * from.sigma - kept * kept * to.sigma * to.sigma;
  StepMoments step{to.alpha * greatest / (from.sigma * from.sigma), kept * shrunk * shrunk,
                   std::log(greatest * shrunk * shrunk), std::log(greatest)};
  if (t == 0) step.log_least = moments(path, 1).log_least;
  return step;
}

torch::Tensor mean_bits(const torch::Tensor& nats) { return nats.flatten(1).mean(1) / std::numbers::ln2; }

torch::Tensor divergence(const torch::Tensor& squared_difference, const torch::Tensor& log_variance,
                         const torch::Tensor& log_variance_of_model) {
  return 0.5 * (log_variance_of_model - log_variance - 1 + torch::exp(log_variance - log_variance_of_model) +
                squared_difference * torch::exp(-log_variance_of_model));
}

torch::Tensor approximate_cdf(const torch::Tensor& x) {
  return 0.5 * (1 + torch::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x.pow(3))));
}

// -log of the probability of the one of 256 values on [-1, 1] that x_0 is.
torch::Tensor coding_length(const torch::Tensor& x0, const torch::Tensor& mean, const torch::Tensor& log_variance) {
  constexpr double kHalfBin = 1.0 / 255, kLeast = 1e-12;
  const auto sharpness = torch::exp(-log_variance / 2), off = x0 - mean;
  const auto below_upper = approximate_cdf(sharpness * (off + kHalfBin));
  const auto below_lower = approximate_cdf(sharpness * (off - kHalfBin));
  const auto inside =
      torch::where(x0 < -0.999, below_upper, torch::where(x0 > 0.999, 1 - below_lower, below_upper - below_lower));
  return -inside.clamp_min(kLeast).log();
}

}  // namespace

torch::Tensor bound_terms(const Path& path, const torch::Tensor& x0, const torch::Tensor& x,
                          const std::vector<double>& times, const Estimate& estimate, StepVariance variance) {
  if (!path.discrete()) throw std::invalid_argument("the bound is a sum over the steps of a discrete path");
  const std::int64_t n = x0.size(0);
  if (n != static_cast<std::int64_t>(times.size())) throw std::invalid_argument("a time for each sample is needed");
  if (variance == StepVariance::Learned && !estimate.variance.defined())
    throw std::invalid_argument("the network has learned no variance");

  auto table = torch::empty({5, n}, torch::kFloat64);
  auto rows = table.accessor<double, 2>();
  for (std::int64_t i = 0; i < n; ++i) {
    const double t = times[static_cast<std::size_t>(i)];
    if (t != std::floor(t) || t < 0 || t > path.t_max()) throw std::invalid_argument("not a step of the path");
    const StepMoments step = moments(path, t);
    const double values[] = {step.of_data, step.of_x, step.log_least, t > 0 ? step.log_greatest : step.log_least,
                             step.log_greatest};
    for (int row = 0; row < 5; ++row) rows[row][i] = values[row];
  }
  table = table.to(x0.device());
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x0.dim()), 1);
  shape[0] = n;
  const auto column = [&](int row) { return table[row].view(shape); };

  const auto data = x0.to(torch::kFloat64), guess = estimate.data.to(torch::kFloat64);
  auto log_variance = column(variance == StepVariance::Greatest ? 3 : 2).expand_as(data);
  if (variance == StepVariance::Learned)
    log_variance =
        torch::lerp(column(2).expand_as(data), column(4).expand_as(data), estimate.variance.to(torch::kFloat64));
  const auto bits =
      mean_bits(divergence((column(0) * (data - guess)).square(), column(2).expand_as(data), log_variance));
  const auto model_mean = column(0) * guess + column(1) * x.to(torch::kFloat64);
  const auto last = mean_bits(coding_length(data, model_mean, log_variance));
  const auto is_last = torch::tensor(times, torch::kFloat64).eq(0).to(x0.device());
  return torch::where(is_last, last, bits);
}

torch::Tensor prior_term(const Path& path, const torch::Tensor& x0) {
  const AlphaSigma level = path.at(path.t_max());
  const auto mean = x0.to(torch::kFloat64) * level.alpha;
  const auto log_variance = torch::full_like(mean, 2 * std::log(level.sigma));
  return mean_bits(divergence(mean.square(), log_variance, torch::zeros_like(mean)));
}

torch::Tensor variational_bound(const Denoise& denoise, const Path& path, const torch::Tensor& x0,
                                StepVariance variance, torch::Generator& generator) {
  torch::Tensor sum = prior_term(path, x0);
  for (double t = path.t_max(); t >= 0; --t) {
    const AlphaSigma level = path.at(t);
    const auto noise = torch::randn(x0.sizes(), generator, x0.options().device(torch::kCPU)).to(x0.device());
    const auto x = level.alpha * x0 + level.sigma * noise;
    const std::vector<double> times(static_cast<std::size_t>(x0.size(0)), t);
    sum += bound_terms(path, x0, x, times, denoise(x, t), variance);
  }
  return sum;
}

}  // namespace ctforge::diffusion
