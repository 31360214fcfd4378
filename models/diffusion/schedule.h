// Beta schedules of variance-preserving paths: beta_t for t = 0 .. T-1, in float64.
#pragma once

#include <vector>

namespace ctforge::diffusion {

// All throw std::invalid_argument when there are too few steps or a limit lies outside (0, 1).

// Evenly spaced from first to last (Ho et al. 2020, section 4).
std::vector<double> linear_betas(int steps = 1000, double first = 1e-4, double last = 0.02);
// Squares of evenly spaced roots (Rombach et al. 2022; diffusers' scaled_linear with Stable Diffusion's limits).
std::vector<double> scaled_linear_betas(int steps = 1000, double first = 0.00085, double last = 0.012);
// beta_t = min(1 - f(t+1)/f(t), beta_max), f(t) = cos^2((t/T + s)/(1 + s) pi/2) (Nichol and Dhariwal 2021, eq. 17).
std::vector<double> cosine_betas(int steps = 1000, double s = 0.008, double beta_max = 0.999);
// beta_max (1 - cos(pi (t+1)/T)) / 2: rises from nearly nothing to beta_max along half a cosine. With beta_max = 20/T
// the last level is as noisy as that of linear_betas.
std::vector<double> raised_cosine_betas(int steps = 1000, double beta_max = 0.02);
// first + (last - first) sigmoid(x), x evenly spaced on [-6, 6] (Xu et al. 2022, GeoDiff; diffusers' sigmoid).
std::vector<double> sigmoid_betas(int steps = 1000, double first = 1e-4, double last = 0.02);

// The same schedule shifted and scaled so that its last level holds no signal at all, alpha = 0, and its first is
// unchanged (Lin et al. 2024, algorithm 1). Its last beta is 1. What a network predicts there must not be the noise.
std::vector<double> with_zero_terminal_snr(const std::vector<double>& betas);

}  // namespace ctforge::diffusion
