// The denoising loss, its times and weights.
#include "models/diffusion/loss.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ctforge::diffusion {

namespace {

// Coefficients of one sample, in float64: x = alpha x_0 + sigma noise goes in, and the network should answer
// of_data x_0 + of_noise noise. Neither is found by a difference of tensors, which would lose digits at small noise.
struct Coefficients {
  double alpha, sigma, c_in, c_noise, of_data, of_noise, weight;
};

Coefficients coefficients(const Parametrisation& parametrisation, const LossOptions& options, double t) {
  const AlphaSigma level = parametrisation.path.at(t);
  const Precond c = precond(parametrisation.target, level, t, parametrisation.path, parametrisation.sigma_data);
  const double weight = loss_weight(options, level, c.c_out, parametrisation.sigma_data);
  return {level.alpha,
          level.sigma,
          c.c_in,
          c.c_noise,
          (1 - c.c_skip * level.alpha) / c.c_out,
          -c.c_skip * level.sigma / c.c_out,
          weight * c.c_out * c.c_out};
}

}  // namespace

std::vector<double> draw_times(const LossOptions& options, const Path& path, std::int64_t n,
                               torch::Generator& generator) {
  std::vector<double> times(static_cast<std::size_t>(n));
  if (options.times == TimeDistribution::Uniform) {
    if (!path.discrete()) throw std::invalid_argument("uniform times need a path of discrete steps");
    const auto steps = torch::randint(static_cast<std::int64_t>(path.t_max()) + 1, {n}, generator, torch::kInt64);
    std::copy_n(steps.data_ptr<std::int64_t>(), n, times.begin());
    return times;
  }
  const auto normal = torch::randn({n}, generator, torch::kFloat64);
  const auto* value = normal.data_ptr<double>();
  for (std::size_t i = 0; i < times.size(); ++i) {
    times[i] = path.time_of_ratio(std::exp(options.log_mean + options.log_deviation * value[i]));
  }
  return times;
}

double loss_weight(const LossOptions& options, const AlphaSigma& level, double c_out, double sigma_data) {
  const double ratio = level.ratio();
  switch (options.weighting) {
    case Weighting::Edm:
      return 1 / (ratio * ratio) + 1 / (sigma_data * sigma_data);
    case Weighting::Unit:
      return 1 / (c_out * c_out);
    case Weighting::MinSnr:
      return std::min(1 / (ratio * ratio), options.min_snr_gamma);
  }
  throw std::invalid_argument("unknown weighting");
}

LossResult denoising_loss(const Net& net, const Parametrisation& parametrisation, const torch::Tensor& x0,
                          const torch::Tensor& noise, const Condition& condition, const LossOptions& options,
                          torch::Generator& generator) {
  if (x0.dim() < 2 || x0.sizes() != noise.sizes()) throw std::invalid_argument("x_0 and noise differ in shape");
  const std::int64_t n = x0.size(0);
  LossResult result;
  result.times = draw_times(options, parametrisation.path, n, generator);

  auto table = torch::empty({7, n}, torch::kFloat32);  // one row a coefficient, so one copy to the device
  auto rows = table.accessor<float, 2>();
  for (std::int64_t i = 0; i < n; ++i) {
    const Coefficients c = coefficients(parametrisation, options, result.times[static_cast<std::size_t>(i)]);
    const double values[] = {c.alpha, c.sigma, c.c_in, c.c_noise, c.of_data, c.of_noise, c.weight};
    for (int row = 0; row < 7; ++row) rows[row][i] = static_cast<float>(values[row]);
  }
  table = table.to(x0.device());
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x0.dim()), 1);
  shape[0] = n;
  const auto column = [&](int row) { return table[row].view(shape); };  // [N,1,1,1]

  const auto input = (column(0) * x0 + column(1) * noise) * column(2);
  const auto wanted = column(4) * x0 + column(5) * noise;
  const auto output = net(input, table[3], condition).to(torch::kFloat32);
  if (output.sizes() != x0.sizes()) throw std::invalid_argument("the network's output differs from x_0 in shape");
  const auto per_sample = (output - wanted).square().flatten(1).mean(1) * table[6];
  result.loss = per_sample.mean();
  result.per_sample = per_sample.detach();
  return result;
}

}  // namespace ctforge::diffusion
