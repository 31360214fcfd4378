// Training of consistency models: one network that maps any point of a trajectory to where the trajectory began.
#pragma once

#include "models/diffusion/loss.h"
#include "models/diffusion/precond.h"

#include <cstdint>
#include <functional>
#include <vector>

#include <torch/types.h>

namespace ctforge::diffusion {

struct ConsistencyOptions {
  // ln(sigma/alpha) of the noisier point is N(mean, deviation^2) (Geng et al. 2024, section 3).
  double log_mean = -1.1, log_deviation = 2;
  // The cleaner point's sigma/alpha is that of the noisier times 1 - n / base^stage with
  // n = 1 + extra sigmoid(-slope sigma/alpha), at least 0: in stage 0 it is data, and each stage brings the two points
  // nearer (Geng et al. 2024, eq. 13, easy consistency tuning).
  int stage = 0;
  double base = 2, extra = 8, slope = 1;
  // Pseudo-Huber metric sqrt(|d|^2 + c^2) - c over a whole sample (Song and Dhariwal 2023, section 3.3), c being this
  // times the root of the number of elements; 0: the Euclidean norm.
  double huber = 0.00054;
};

// The cleaner point's sigma/alpha for that of the noisier; 0 where it is data, or nearer to data than the path goes.
double cleaner_ratio(const ConsistencyOptions& options, const Path& path, double ratio);

// x0 and noise [N,C,H,W] float32 on the network's device. Both points are on one trajectory: of the same noise
// (training from scratch, Song et al. 2023, algorithm 3), or, with a teacher, reached from the noisier by one Heun step
// of its probability flow (distillation, algorithm 2). The target at the cleaner point has no gradient, and is x_0
// itself where that point is data; the distance is divided by the difference of the two sigma/alpha. `again`, where
// given, is called before each of the two evaluations so that dropout drops the same in both. Throws
// std::invalid_argument for tensors that do not fit and options out of range.
LossResult consistency_loss(const Net& net, const Parametrisation& parametrisation, const torch::Tensor& x0,
                            const torch::Tensor& noise, const Condition& condition, const ConsistencyOptions& options,
                            torch::Generator& generator, const DenoiseEach& teacher = {},
                            const std::function<void()>& again = {});
// The same with given times [N] of the noisier points, such as these.
LossResult consistency_loss(const Net& net, const Parametrisation& parametrisation, const torch::Tensor& x0,
                            const torch::Tensor& noise, const Condition& condition, const ConsistencyOptions& options,
                            std::vector<double> times, const DenoiseEach& teacher = {},
                            const std::function<void()>& again = {});
std::vector<double> draw_times(const ConsistencyOptions& options, const Path& path, std::int64_t n,
                               torch::Generator& generator);

}  // namespace ctforge::diffusion
