// The denoising loss over a pair (x_0, noise).
#pragma once

#include "models/diffusion/precond.h"

#include <cstdint>
#include <functional>
#include <vector>

#include <torch/types.h>

namespace ctforge::diffusion {

enum class TimeDistribution {
  // ln(sigma/alpha) ~ N(mean, deviation^2), clamped to the path (Karras et al. 2022, section 5). On the rectified path
  // this is the logit-normal distribution of t (Esser et al. 2024, eq. 19).
  LogNormal,
  Uniform,  // every time of the path equally often: every step where it is discrete
  // Both ends more often: density e^(4 u) + e^(4 (1 - u)), up to its norm, of u from 0 at the cleanest time to 1 at the
  // noisiest; for reflow, whose middle is easy (Lee, Lin and Fanti 2024, section 4.1). Not on discrete paths.
  UShaped,
  Noisiest,  // the noisiest time alone: what a network that samples in one step is asked
};

// How far an answer is from the one wanted, an element at a time.
enum class Metric {
  L2,     // the square
  L1,     // the absolute value: its best answer is the conditional median, not the mean that samplers expect
  Huber,  // the square below huber_delta, 2 huber_delta |.| - huber_delta^2 above
};

// Weights of the squared error of the estimate of x_0; under another metric, the same factor of the network's own
// error.
enum class Weighting {
  Edm,     // (ratio^2 + sigma_data^2) / (ratio sigma_data)^2, ratio = sigma / alpha (Karras et al. 2022, table 1)
  Unit,    // 1 / c_out^2: the mean squared error of the network's own output ("simple loss", Ho et al. 2020, eq. 14)
  MinSnr,  // min(SNR, gamma), SNR = (alpha / sigma)^2 (Hang et al. 2023, eq. 7)
};

struct LossOptions {
  TimeDistribution times = TimeDistribution::LogNormal;
  double log_mean = -0.4, log_deviation = 1.0;  // EDM2's for latents (Karras et al. 2024, table 6)
  Weighting weighting = Weighting::Edm;
  double min_snr_gamma = 5;
  Metric metric = Metric::L2;
  double huber_delta = 1;
  // Where the variance is learned: factor of the bound's term of the step drawn, times the number of steps, in bits a
  // dimension, with no gradient to the mean (Nichol and Dhariwal 2021, eq. 16).
  double bound_weight = 0.001;
};

// u(c_noise) [N], the logarithm of the error to be expected at each noise level, learned beside the network: the loss
// of a sample is L / e^u + u, so that all levels weigh alike (Karras et al. 2024, appendix B.1.3, "uncertainty").
using LogVariance = std::function<torch::Tensor(const torch::Tensor& c_noise)>;

struct LossResult {
  torch::Tensor loss;        // scalar float32, with gradient: the mean of per_sample unless the error is learned too
  torch::Tensor per_sample;  // [N] float32, weighted error averaged over the elements, detached
  torch::Tensor bound;       // [N] float64, bits a dimension of the step drawn, detached; where the variance is learned
  std::vector<double> times;  // [N] times of the path
};

// The times of n samples, drawn with `generator` (CPU).
std::vector<double> draw_times(const LossOptions& options, const Path& path, std::int64_t n,
                               torch::Generator& generator);

// The weight of the squared error of x_0 at one level; c_out is that of precond().
double loss_weight(const LossOptions& options, const AlphaSigma& level, double c_out, double sigma_data);

// x0 and noise [N,C,H,W] float32 on the network's device; times are drawn with `generator` (CPU). The loss is computed
// in float32 on the network's output, whatever type autocast gives that: the network is asked for
// (x_0 - c_skip x) / c_out, its squared error weighted with weight * c_out^2. Throws std::invalid_argument for tensors
// that do not fit, and a learned variance on a path that is not discrete or with times that are not uniform.
LossResult denoising_loss(const Net& net, const Parametrisation& parametrisation, const torch::Tensor& x0,
                          const torch::Tensor& noise, const Condition& condition, const LossOptions& options,
                          torch::Generator& generator, const LogVariance& log_variance = {});
// The same at given times [N].
LossResult denoising_loss(const Net& net, const Parametrisation& parametrisation, const torch::Tensor& x0,
                          const torch::Tensor& noise, const Condition& condition, const LossOptions& options,
                          std::vector<double> times, const LogVariance& log_variance = {});

}  // namespace ctforge::diffusion
