// The denoising loss, its times and weights.
#include "models/diffusion/loss.h"

#include "models/diffusion/bound.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace ctforge::diffusion {

namespace {

// Coefficients of one sample, in float64: x = alpha x_0 + sigma noise goes in, and the network should answer
// of_data x_0 + of_noise noise. Neither is found by a difference of tensors, which would lose digits at small noise.
struct Coefficients {
  double alpha, sigma, c_in, c_noise, of_data, of_noise, weight, c_skip, c_out;
};
constexpr int kCoefficients = 9;
constexpr double kSteepness = 4;  // of the exponentials of U-shaped times

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
          weight * c.c_out * c.c_out,
          c.c_skip,
          c.c_out};
}

torch::Tensor error(const LossOptions& options, const torch::Tensor& difference) {
  switch (options.metric) {
    case Metric::L2:
      return difference.square();
    case Metric::L1:
      return difference.abs();
    case Metric::Huber: {
      const double delta = options.huber_delta;
      const auto size = difference.abs();
      return torch::where(size < delta, size.square(), 2 * delta * size - delta * delta);
    }
  }
  throw std::invalid_argument("unknown metric");
}

}  // namespace

std::vector<double> draw_times(const LossOptions& options, const Path& path, std::int64_t n,
                               torch::Generator& generator) {
  std::vector<double> times(static_cast<std::size_t>(n));
  const auto drawn = [&](const torch::Tensor& values, const std::function<double(double)>& time) {
    const auto* value = values.data_ptr<double>();
    std::transform(value, value + n, times.begin(), time);
    return times;
  };
  const auto share_of_path = [&path](double u) { return path.t_min() + u * (path.t_max() - path.t_min()); };
  switch (options.times) {
    case TimeDistribution::LogNormal:
      return drawn(torch::randn({n}, generator, torch::kFloat64), [&](double normal) {
        return path.time_of_ratio(std::exp(options.log_mean + options.log_deviation * normal));
      });
    case TimeDistribution::Uniform: {
      if (!path.discrete()) return drawn(torch::rand({n}, generator, torch::kFloat64), share_of_path);
      const auto steps = torch::randint(static_cast<std::int64_t>(path.t_max()) + 1, {n}, generator, torch::kInt64);
      return drawn(steps.to(torch::kFloat64), [](double step) { return step; });
    }
    case TimeDistribution::UShaped: {
      if (path.discrete()) throw std::invalid_argument("U-shaped times need a path that is not discrete");
      // One of the two exponentials, from the inverse of its distribution function.
      const auto both = torch::rand({2, n}, generator, torch::kFloat64);
      const auto rising = torch::log1p(both[0] * std::expm1(kSteepness)) / kSteepness;
      return drawn(torch::where(both[1] < 0.5, rising, 1 - rising).contiguous(), share_of_path);
    }
    case TimeDistribution::Noisiest:
      times.assign(static_cast<std::size_t>(n), path.t_max());
      return times;
  }
  throw std::invalid_argument("unknown distribution of times");
}

double loss_weight(const LossOptions& options, const AlphaSigma& level, double c_out, double sigma_data) {
  const double ratio = std::max(level.ratio(), 1e-8);  // without noise weights have no limit, and errors are zero
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
                          torch::Generator& generator, const LogVariance& log_variance) {
  if (x0.dim() < 2) throw std::invalid_argument("x_0 has no samples");
  return denoising_loss(net, parametrisation, x0, noise, condition, options,
                        draw_times(options, parametrisation.path, x0.size(0), generator), log_variance);
}

LossResult denoising_loss(const Net& net, const Parametrisation& parametrisation, const torch::Tensor& x0,
                          const torch::Tensor& noise, const Condition& condition, const LossOptions& options,
                          std::vector<double> times, const LogVariance& log_variance) {
  if (x0.dim() < 2 || x0.sizes() != noise.sizes()) throw std::invalid_argument("x_0 and noise differ in shape");
  const std::int64_t n = x0.size(0);
  if (static_cast<std::int64_t>(times.size()) != n) throw std::invalid_argument("there must be one time a sample");
  const bool learned = parametrisation.learned_variance;
  if (learned && options.times != TimeDistribution::Uniform)
    throw std::invalid_argument("a learned variance needs uniform times over discrete steps");
  LossResult result;
  result.times = std::move(times);

  auto table = torch::empty({kCoefficients, n}, torch::kFloat32);  // one row a coefficient, so one copy to the device
  auto rows = table.accessor<float, 2>();
  for (std::int64_t i = 0; i < n; ++i) {
    const Coefficients c = coefficients(parametrisation, options, result.times[static_cast<std::size_t>(i)]);
    const double values[] = {c.alpha, c.sigma, c.c_in, c.c_noise, c.of_data, c.of_noise, c.weight, c.c_skip, c.c_out};
    for (int row = 0; row < kCoefficients; ++row) rows[row][i] = static_cast<float>(values[row]);
  }
  table = table.to(x0.device());
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x0.dim()), 1);
  shape[0] = n;
  const auto column = [&](int row) { return table[row].view(shape); };  // [N,1,1,1]

  const auto x = column(0) * x0 + column(1) * noise;
  const auto wanted = column(4) * x0 + column(5) * noise;
  auto output = net(x * column(2), table[3], condition).to(torch::kFloat32);
  torch::Tensor variance;
  if (learned && output.dim() > 1 && output.size(1) == 2 * x0.size(1)) {
    const auto halves = output.chunk(2, 1);
    output = halves.at(0);
    variance = (halves.at(1) + 1) / 2;
  }
  if (output.sizes() != x0.sizes() || variance.defined() != learned)
    throw std::invalid_argument("the network's output differs from x_0 in shape");
  const auto per_sample = error(options, output - wanted).flatten(1).mean(1) * table[6];
  result.per_sample = per_sample.detach();
  if (log_variance) {
    const auto expected = log_variance(table[3]).to(torch::kFloat32);
    result.loss = (per_sample * torch::exp(-expected) + expected).mean();
  } else {
    result.loss = per_sample.mean();
  }
  if (learned) {
    const Estimate estimate{(column(7) * x + column(8) * output).detach(), variance};
    const auto bits = bound_terms(parametrisation.path, x0, x, result.times, estimate, StepVariance::Learned);
    const double steps = parametrisation.path.t_max() + 1;
    result.loss = result.loss + (bits.mean() * (options.bound_weight * steps)).to(torch::kFloat32);
    result.bound = bits.detach();
  }
  return result;
}

}  // namespace ctforge::diffusion
