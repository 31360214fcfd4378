// How data turns into noise: x_t = alpha(t) x_0 + sigma(t) noise. Tables in float64.
#pragma once

#include <functional>
#include <vector>

namespace ctforge::diffusion {

// A noise level. The ratio sigma / alpha is what EDM (Karras et al. 2022) calls sigma.
struct AlphaSigma {
  double alpha = 1;
  double sigma = 0;
  double ratio() const { return sigma / alpha; }  // infinite without signal
  double log_snr() const;                         // log(alpha^2 / sigma^2); infinite without noise or without signal
};

// A value, made by the functions below; a new path is a new set of functions. The time axis t grows with the noise.
class Path {
 public:
  struct Functions {
    std::function<AlphaSigma(double)> level_of_time;
    std::function<double(double)> time_of_ratio;
    std::function<double(double)> noise_input;  // of t
  };
  // The functions are called with arguments already clamped to what the path has.
  // Throws std::invalid_argument unless all are there and t_min < t_max.
  Path(Functions functions, double t_min, double t_max, bool discrete);

  // The noise level at t, which is clamped to [t_min, t_max].
  AlphaSigma at(double t) const;
  // The t whose sigma / alpha is `ratio`, clamped to [t_min, t_max].
  double time_of_ratio(double ratio) const;
  // c_noise: what a network is told of t, on the scale of 0 .. 1000 that a sinusoidal embedding is made for.
  double noise_input(double t) const;
  double t_min() const { return t_min_; }
  double t_max() const { return t_max_; }
  // True when t counts discrete steps 0 .. T-1; data without noise then lies at t = -1. Otherwise it lies at t = 0.
  bool discrete() const { return discrete_; }

 private:
  Functions functions_;
  double t_min_, t_max_;
  bool discrete_;
};

// Variance preserving: alpha_t^2 = prod_{s<=t} (1 - beta_s), sigma^2 = 1 - alpha^2 (Ho et al. 2020, eq. 4). t is the
// step 0 .. T-1; between steps log-SNR is interpolated linearly. A network is told t, as diffusers' pipelines do.
// Throws std::invalid_argument unless there are two steps at least and every beta is in (0, 1); the last may be 1.
Path vp(const std::vector<double>& betas);
// Variance exploding: alpha = 1, sigma = t in [sigma_min, sigma_max] (Karras et al. 2022, table 1, column EDM).
// A network is told noise_scale ln(sigma). 250 is 1000 times what Karras et al. tell it, as diffusers'
// ConsistencyModelPipeline does; their own 1/4, which diffusers' EDM schedulers pass, an embedding made for steps of
// 0 .. 1000 can hardly tell apart. Throws std::invalid_argument unless 0 < sigma_min < sigma_max.
Path ve(double sigma_min = 0.002, double sigma_max = 80, double noise_scale = 250);
// The straight line alpha = 1 - t, sigma = t, t in [0, 1] (Liu et al. 2023, eq. 1, with time turned round: data at 0).
// It has no signal at t = 1. A network is told 1000 t, as diffusers' flow-matching pipelines do.
Path rectified();

}  // namespace ctforge::diffusion
