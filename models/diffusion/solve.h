// From noise to data: solvers of the probability-flow equation and its stochastic relatives, over any Denoise and Path.
#pragma once

#include "models/diffusion/noise.h"
#include "models/diffusion/precond.h"

#include <functional>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <torch/types.h>

namespace ctforge::diffusion {

// Called after each step with (steps done, x at the level reached, float64); returning false stops the sampling there.
using StepHook = std::function<bool(int, const torch::Tensor&)>;

// The levels a solver visits, as times of the path: one step begins at each, and the last ends at `end`, which is data
// without noise (alpha = 1, sigma = 0) unless given.
struct Levels {
  Levels(std::vector<double> from) : times(std::move(from)) {}  // NOLINT(google-explicit-constructor): make_grid's
  Levels(std::vector<double> from, std::optional<double> to) : times(std::move(from)), end(to) {}

  std::vector<double> times;
  std::optional<double> end;
};

// All solvers: x [N,C,H,W] is at the first level, that is sigma times standard noise for a new sample (see
// starting_point); the state is float64, and so is what `denoise` is called with. Returns x at the end, or where the
// hook stopped, float64. They throw std::invalid_argument when there is no level or they do not decrease, for options
// out of range, and where they add noise and have no source of it. Where the first level holds no signal (alpha = 0),
// DPM-Solver++ and UniPC begin with a step of first order, and the levels without signal are forgotten after it.

// Of a step from x to x' with x_0 known: q(x'|x,x_0) has the least, q(x'|x) the greatest variance that an ancestral
// step can want, tilde beta and beta of Ho et al. 2020, section 3.2 ("fixed small" and "fixed large").
enum class StepVariance {
  Least,
  Greatest,
  Learned,  // between them, as the estimate says (Nichol and Dhariwal 2021, eq. 15)
};

struct FirstOrderOptions {
  double eta = 0;                               // 0: DDIM, which is Euler's method; 1: ancestral, DDPM
  StepVariance variance = StepVariance::Least;  // others with eta 1 only
};
// x' = alpha' D + sqrt(sigma'^2 - s^2) noise_estimate + s z, with noise_estimate = (x - alpha D) / sigma and
// s^2 = eta^2 (sigma'^2 / sigma^2) (sigma^2 - (alpha/alpha')^2 sigma'^2) (Song et al. 2021, eq. 12 and 16). Another
// variance changes what z is multiplied with, not the mean. One denoiser call a step, as everywhere unless said.
torch::Tensor solve_first_order(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                                const FirstOrderOptions& options, const NoiseSource& noise = {},
                                const StepHook& hook = {});

// Stochastic churn of Karras et al. 2022, algorithm 2: amount = S_churn, low and high = S_tmin and S_tmax as ratios
// sigma / alpha, noise = S_noise.
struct ChurnOptions {
  double amount = 0;
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
  double noise = 1;
};
// Heun's second-order method (Karras et al. 2022, algorithms 1 and 2); the last step, to zero noise, is Euler's.
// 2 n - 1 denoiser calls. The equation is integrated for x / alpha against sigma / alpha, or, where the first level
// holds next to no signal, for x / (alpha + sigma) against sigma / (alpha + sigma), where rectified flow is straight.
torch::Tensor solve_heun(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                         const ChurnOptions& churn = {}, const NoiseSource& noise = {}, const StepHook& hook = {});

// How the second-order term of DPM-Solver++ is weighted: both are of the same order (Lu et al. 2022b, appendix B).
enum class Correction { Midpoint, Heun };

struct MultistepOptions {
  int order = 2;                                 // 1 to 3
  Correction correction = Correction::Midpoint;  // order 2
  bool stochastic = false;                       // SDE-DPM-Solver++; order 2 at most
  // With fewer than 15 steps the last two are of second and of first order at most: steadier, as DPM-Solver's authors
  // advise.
  bool lower_order_final = true;
};
// DPM-Solver++ 1, 2M and 3M, and their stochastic relatives (Lu et al. 2022b, algorithm 2 and appendix B). 3M is that
// of the authors' program and of everyone since: its second difference has half the weight that a Taylor expansion
// gives it, so it converges with order two, with an error about a fourth of 2M's.
torch::Tensor solve_multistep(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                              const MultistepOptions& options, const NoiseSource& noise = {},
                              const StepHook& hook = {});

// DPM-Solver++ 2S with r = 1/2 (Lu et al. 2022b, algorithm 1): each step asks again half-way in log-SNR, but the last.
// 2 n - 1 denoiser calls.
torch::Tensor solve_singlestep(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                               const StepHook& hook = {});

struct UniPcOptions {
  int order = 2;                  // 1 to 3
  bool exponential_b = true;      // B(h) = e^h - 1, else h (Zhao et al. 2023, section 3.1: B_2 and B_1)
  bool lower_order_final = true;  // no step has a higher order than there are steps left
};
// UniPC: a multistep predictor and a corrector that costs no call of its own (Zhao et al. 2023, algorithms 1 and 2,
// data prediction).
torch::Tensor solve_unipc(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                          const UniPcOptions& options, const StepHook& hook = {});

// Pseudo linear multistep: Adams-Bashforth of order 4 on the noise estimate, carried by DDIM's step, after an improved
// Euler step (Liu et al. 2022, eq. 9 and 12; the start as in latent diffusion's PLMS). n + 1 denoiser calls. The levels
// must be evenly spaced, to one step of a discrete path, and the first must not have a sigma / alpha above 200; it
// throws std::invalid_argument otherwise.
torch::Tensor solve_pndm(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                         const StepHook& hook = {});

// Throws std::invalid_argument where solve_pndm would.
void check_pndm(const Path& path, const Levels& levels);

// Multistep sampling of a consistency model (Song et al. 2023, algorithm 1): every estimate is noised afresh to the
// next level.
torch::Tensor solve_consistency(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                                const NoiseSource& noise, const StepHook& hook = {});

// Standard noise as solvers begin with at time t, float64: times sigma where the path is variance exploding (Karras et
// al. 2022, algorithm 1); else of the variance that data of unit variance have there, which is 1 on a path that
// preserves it (Ho et al. 2020, algorithm 2).
torch::Tensor starting_point(const Path& path, double t, const torch::Tensor& standard_noise);
// x_t = alpha x_0 + sigma noise of clean data, float64: where a variation of it starts (Meng et al. 2022, SDEdit,
// algorithm 1).
torch::Tensor starting_point(const Path& path, double t, const torch::Tensor& clean,
                             const torch::Tensor& standard_noise);

}  // namespace ctforge::diffusion
