// From a network's output to an estimate of x_0: D = c_skip x + c_out F(c_in x, c_noise).
#pragma once

#include "models/diffusion/path.h"

#include <functional>

#include <torch/types.h>

namespace ctforge::diffusion {

// What the network predicts, for x = alpha x_0 + sigma noise.
enum class Target {
  Noise,     // epsilon (Ho et al. 2020)
  Data,      // x_0
  Velocity,  // (alpha noise - sigma x_0) / sqrt(alpha^2 + sigma^2) (Salimans and Ho 2022, where the root is 1)
  Edm,       // Karras et al. 2022, table 1, generalised to any alpha by working on x / alpha
};

struct Precond {
  double c_skip, c_out, c_in, c_noise;
};

// The coefficients at one noise level of the path, `level` being path.at(t).
//
// c_in is 1 / sqrt(alpha^2 + sigma^2) (Karras et al. 2022, table 1, iDDPM), which is 1 on a variance-preserving path;
// for Target::Edm it is 1 / (alpha sqrt(ratio^2 + sigma_data^2)). c_noise is the step t on a discrete path, as
// diffusers' DDPM and DDIM pipelines pass it. Otherwise it is 250 ln(sigma / alpha): 1000 times that of Karras et al.,
// as diffusers' ConsistencyModelPipeline passes it, which lets a sinusoidal embedding made for steps of 0 .. 1000 tell
// levels apart. (Its EDM schedulers pass ln(sigma) / 4.) sigma_data: the standard deviation of x_0 over all its
// elements, measured on the training set; only Target::Edm uses it. Throws std::invalid_argument unless it is positive.
Precond precond(Target target, const AlphaSigma& level, double t, const Path& path, double sigma_data);

// What a network is told besides x and the noise level.
struct Condition {
  torch::Tensor labels;  // [N] int64 class indices; the last index means "no class". Undefined: unconditional
};

// A network: (x [N,C,H,W] float32, c_noise [N] float32, condition) -> [N,C,H,W], any floating type.
using Net = std::function<torch::Tensor(const torch::Tensor&, const torch::Tensor&, const Condition&)>;

// An estimate of x_0 at one noise level for the whole batch: (x [N,C,H,W] float32 or float64, t) -> same shape and
// type.
using Denoise = std::function<torch::Tensor(const torch::Tensor& x, double t)>;

// All that a trained network's output means; a checkpoint keeps it.
struct Parametrisation {
  Path path = ve();
  Target target = Target::Edm;
  double sigma_data = 1;
};

// The network as an estimate of x_0. The network is called in float32; the rest keeps the type of x.
Denoise bind(Net net, Parametrisation parametrisation, Condition condition);
// The same estimate clamped to [-limit, limit], for data known to lie there (Ho et al. 2020's and diffusers'
// clip_sample; the noise a solver deduces follows the clamped estimate). Throws std::invalid_argument unless limit is
// positive.
Denoise clipped(Denoise denoise, double limit);

}  // namespace ctforge::diffusion
