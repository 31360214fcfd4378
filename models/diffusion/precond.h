// From a network's output to an estimate of x_0: D = c_skip x + c_out F(c_in x, c_noise).
#pragma once

#include "models/diffusion/path.h"

#include <functional>
#include <utility>
#include <vector>

#include <torch/types.h>

namespace ctforge::diffusion {

// What the network predicts, for x = alpha x_0 + sigma noise.
enum class Target {
  Noise,     // epsilon (Ho et al. 2020)
  Data,      // x_0
  Velocity,  // (alpha noise - sigma x_0) / sqrt(alpha^2 + sigma^2) (Salimans and Ho 2022, where the root is 1)
  Edm,       // Karras et al. 2022, table 1, generalised to any alpha by working on x / alpha
  Flow,      // noise - x_0 (Liu et al. 2023, eq. 1, with time turned round)
  Boundary,  // as Edm, but the estimate is x itself at the path's cleanest level (Song et al. 2023, appendix C)
};

struct Precond {
  double c_skip, c_out, c_in, c_noise;
};

// The coefficients at one noise level of the path, `level` being path.at(t).
//
// c_in is 1 / sqrt(alpha^2 + sigma^2) (Karras et al. 2022, table 1, iDDPM), which is 1 on a variance-preserving path;
// for Target::Edm and Boundary it is 1 / sqrt(sigma^2 + alpha^2 sigma_data^2), for Target::Flow 1 / (alpha + sigma),
// which is 1 on the rectified path. c_noise is path.noise_input(t). sigma_data: the standard deviation of x_0 over all
// its elements, measured on the training set; only Target::Edm and Boundary use it. Throws std::invalid_argument unless
// it is positive, and for Target::Noise at a level without signal, where the noise tells nothing of x_0.
Precond precond(Target target, const AlphaSigma& level, double t, const Path& path, double sigma_data);

// What a network is told besides x and the noise level.
struct Condition {
  torch::Tensor labels;    // [N] int64 class indices; the last index means "no class". Undefined: unconditional
  torch::Tensor movement;  // [N,K] how training moved each sample; undefined: not at all
};

// A network: (x [N,C,H,W] float32, c_noise [N] float32, condition) -> [N,C,H,W], any floating type; [N,2C,H,W] where it
// learned the variance, whose half comes second and is in [-1, 1] for what lies between the least and the greatest.
using Net = std::function<torch::Tensor(const torch::Tensor&, const torch::Tensor&, const Condition&)>;

// An estimate of x_0, [N,C,H,W].
struct Estimate {
  Estimate(torch::Tensor x0) : data(std::move(x0)) {}  // NOLINT(google-explicit-constructor): most know no variance
  Estimate(torch::Tensor x0, torch::Tensor share) : data(std::move(x0)), variance(std::move(share)) {}

  torch::Tensor data;
  // Where the network learned it, else undefined: the logarithm of the variance of an ancestral step, from its least
  // possible value (0) to its greatest (1); Nichol and Dhariwal 2021, eq. 15.
  torch::Tensor variance;
};

// The estimate at one noise level for the whole batch: (x [N,C,H,W] float32 or float64, t) -> same shape and type.
using Denoise = std::function<Estimate(const torch::Tensor& x, double t)>;

// All that a trained network's output means; a checkpoint keeps it.
struct Parametrisation {
  Path path = ve();
  Target target = Target::Edm;
  double sigma_data = 1;
  bool learned_variance = false;  // the network answers with 2C channels
};

// The network as an estimate of x_0. The network is called in float32; the rest keeps the type of x.
Denoise bind(Net net, Parametrisation parametrisation, Condition condition);
// The estimate for a batch in which each sample has its own time, as training needs it: x [N,C,H,W], times [N].
using DenoiseEach = std::function<Estimate(const torch::Tensor& x, const std::vector<double>& times)>;
DenoiseEach bind_each(Net net, Parametrisation parametrisation, Condition condition);
// An estimate learned on `own` asked along `visited`: the same x_0 and noise at the level of own that has the same
// sigma / alpha, as far as own goes. So a generator of one path can teach or guide one of another.
Denoise on_path(Denoise denoise, const Path& own, const Path& visited);
DenoiseEach on_path(DenoiseEach denoise, const Path& own, const Path& visited);
// One value a sample as a float32 tensor [N,1,1,1] on the device of x.
torch::Tensor column_of(const std::vector<double>& values, const torch::Tensor& x);
// The same estimate clamped to [-limit, limit], for data known to lie there (Ho et al. 2020's and diffusers'
// clip_sample; the noise a solver deduces follows the clamped estimate). Throws std::invalid_argument unless limit is
// positive.
Denoise clipped(Denoise denoise, double limit);

}  // namespace ctforge::diffusion
