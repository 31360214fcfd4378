// From noise to data: solvers of the probability-flow equation and its stochastic relatives, over any Denoise and Path.
#pragma once

#include "models/diffusion/noise.h"
#include "models/diffusion/precond.h"

#include <functional>
#include <vector>

#include <torch/types.h>

namespace ctforge::diffusion {

// Called after each step with (steps done, x at the level reached, float64); returning false stops the sampling there.
using StepHook = std::function<bool(int, const torch::Tensor&)>;

// All solvers: x [N,C,H,W] is at level times[0], that is sigma(times[0]) times standard noise for a new sample (see
// starting_point); times as made by make_grid; the state is float64, and so is what `denoise` is called with. One step
// a time, the last one to alpha = 1, sigma = 0. Returns x there, or where the hook stopped, float64. They throw
// std::invalid_argument when times is empty or not strictly decreasing.

// x' = alpha' D + sqrt(sigma'^2 - s^2) noise_estimate + s z, with noise_estimate = (x - alpha D) / sigma and
// s^2 = eta^2 (sigma'^2 / sigma^2) (sigma^2 - (alpha/alpha')^2 sigma'^2). `noise` gives z and may be empty when eta is
// 0.
torch::Tensor solve_first_order(const Denoise& denoise, const Path& path, torch::Tensor x,
                                const std::vector<double>& times, double eta, const NoiseSource& noise = {},
                                const StepHook& hook = {});

// Heun's second-order method on x / alpha against sigma / alpha (Karras et al. 2022, algorithm 1 without churn);
// the last step, to zero noise, is Euler's. 2 n - 1 denoiser calls.
torch::Tensor solve_heun(const Denoise& denoise, const Path& path, torch::Tensor x, const std::vector<double>& times,
                         const StepHook& hook = {});

// Standard noise scaled to the level at time t, float64.
torch::Tensor starting_point(const Path& path, double t, const torch::Tensor& standard_noise);

}  // namespace ctforge::diffusion
