// Two points of a trajectory, and the distance of what a network makes of them.
#include "models/diffusion/consistency.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ctforge::diffusion {

namespace {

void check(const ConsistencyOptions& options) {
  if (!(options.stage >= 0 && options.base > 1 && options.extra >= 0 && options.slope >= 0 && options.huber >= 0 &&
        options.log_deviation >= 0))
    throw std::invalid_argument("options of a consistency model are out of range");
}

std::vector<double> each(const std::vector<double>& values, const std::function<double(double)>& function) {
  std::vector<double> result(values.size());
  std::transform(values.begin(), values.end(), result.begin(), function);
  return result;
}

// x / alpha at the cleaner ratio, from that at the noisier by one step of Heun's method (Karras et al. 2022, algorithm
// 1); Euler's where the cleaner one is data.
torch::Tensor heun_step(const DenoiseEach& teacher, const Path& path, const torch::Tensor& state,
                        const std::vector<double>& from, const std::vector<double>& to) {
  const auto time = [&path](double ratio) { return path.time_of_ratio(ratio); };
  const auto alpha = [&](const std::vector<double>& ratios) {
    return column_of(each(ratios, [&](double ratio) { return path.at(time(ratio)).alpha; }), state);
  };
  const auto from_ratio = column_of(from, state), to_ratio = column_of(to, state);
  const auto slope = (state - teacher(state * alpha(from), each(from, time)).data) / from_ratio;
  const auto tried = state + slope * (to_ratio - from_ratio);
  const auto data = teacher(tried * alpha(to), each(to, time)).data;
  const auto slope_there = torch::where(to_ratio > 0, (tried - data) / to_ratio, slope);
  return state + (slope + slope_there) / 2 * (to_ratio - from_ratio);
}

}  // namespace

double cleaner_ratio(const ConsistencyOptions& options, const Path& path, double ratio) {
  check(options);
  const double n = 1 + options.extra / (1 + std::exp(options.slope * ratio));
  const double cleaner = ratio * (1 - n / std::pow(options.base, options.stage));
  return cleaner > path.at(path.t_min()).ratio() ? cleaner : 0;
}

std::vector<double> draw_times(const ConsistencyOptions& options, const Path& path, std::int64_t n,
                               torch::Generator& generator) {
  check(options);
  const LossOptions times{
      .times = TimeDistribution::LogNormal, .log_mean = options.log_mean, .log_deviation = options.log_deviation};
  return draw_times(times, path, n, generator);
}

LossResult consistency_loss(const Net& net, const Parametrisation& parametrisation, const torch::Tensor& x0,
                            const torch::Tensor& noise, const Condition& condition, const ConsistencyOptions& options,
                            torch::Generator& generator, const DenoiseEach& teacher,
                            const std::function<void()>& again) {
  if (x0.dim() < 2) throw std::invalid_argument("x_0 has no samples");
  return consistency_loss(net, parametrisation, x0, noise, condition, options,
                          draw_times(options, parametrisation.path, x0.size(0), generator), teacher, again);
}

LossResult consistency_loss(const Net& net, const Parametrisation& parametrisation, const torch::Tensor& x0,
                            const torch::Tensor& noise, const Condition& condition, const ConsistencyOptions& options,
                            std::vector<double> times, const DenoiseEach& teacher, const std::function<void()>& again) {
  check(options);
  if (x0.dim() < 2 || x0.sizes() != noise.sizes()) throw std::invalid_argument("x_0 and noise differ in shape");
  if (static_cast<std::int64_t>(times.size()) != x0.size(0))
    throw std::invalid_argument("there must be one time a sample");
  const Path& path = parametrisation.path;
  LossResult result;
  result.times = std::move(times);
  const auto from = each(result.times, [&](double t) { return path.at(t).ratio(); });
  const auto to = each(from, [&](double ratio) { return cleaner_ratio(options, path, ratio); });
  const auto state_at = [&](const std::vector<double>& ratios) { return x0 + noise * column_of(ratios, x0); };
  const auto time = [&](double ratio) { return path.time_of_ratio(ratio); };
  const auto alpha = [&](double ratio) { return path.at(time(ratio)).alpha; };
  const DenoiseEach estimate = bind_each(net, parametrisation, condition);

  if (again) again();
  const auto noisier = estimate(state_at(from) * column_of(each(from, alpha), x0), result.times).data;
  torch::Tensor wanted;
  {
    const torch::NoGradGuard no_grad;
    const auto state = teacher ? heun_step(teacher, path, state_at(from), from, to) : state_at(to);
    if (again) again();
    const auto cleaner = estimate(state * column_of(each(to, alpha), x0), each(to, time)).data;
    // A trajectory that has reached data is what it has reached: x_0, or what the teacher makes of it.
    wanted = torch::where(column_of(to, x0) > 0, cleaner, state);
  }
  const double c = options.huber * std::sqrt(static_cast<double>(x0.numel() / std::max<std::int64_t>(x0.size(0), 1)));
  const auto squares = (noisier - wanted).flatten(1).square().sum(1);
  // Without the constant the gradient of the norm would not exist at 0.
  const auto distance = (squares + std::max(c * c, 1e-12)).sqrt() - c;
  std::vector<double> gaps(from.size());
  for (std::size_t i = 0; i < gaps.size(); ++i) gaps[i] = from[i] - to[i];
  const auto per_sample = distance / column_of(gaps, distance);
  result.loss = per_sample.mean();
  result.per_sample = per_sample.detach();
  return result;
}

}  // namespace ctforge::diffusion
