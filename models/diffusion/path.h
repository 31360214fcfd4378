// How data turns into noise: x_t = alpha(t) x_0 + sigma(t) noise. Tables in float64.
#pragma once

#include <functional>
#include <vector>

namespace ctforge::diffusion {

// A noise level. The ratio sigma / alpha is what EDM (Karras et al. 2022) calls sigma.
struct AlphaSigma {
  double alpha = 1;
  double sigma = 0;
  double ratio() const { return sigma / alpha; }
  double log_snr() const;  // log(alpha^2 / sigma^2); infinite without noise
};

// A value, made by the functions below; a new path is a new pair of functions. The time axis t grows with the noise.
class Path {
 public:
  using LevelOfTime = std::function<AlphaSigma(double)>;
  using TimeOfRatio = std::function<double(double)>;
  // at and time_of_ratio are called with arguments already clamped to what the path has.
  // Throws std::invalid_argument unless t_min < t_max.
  Path(LevelOfTime at, TimeOfRatio time_of_ratio, double t_min, double t_max, bool discrete);

  // The noise level at t, which is clamped to [t_min, t_max].
  AlphaSigma at(double t) const;
  // The t whose sigma / alpha is `ratio`, clamped to [t_min, t_max].
  double time_of_ratio(double ratio) const;
  double t_min() const { return t_min_; }
  double t_max() const { return t_max_; }
  // True when t counts discrete steps 0 .. T-1; data without noise then lies at t = -1. Otherwise it lies at t = 0.
  bool discrete() const { return discrete_; }

 private:
  LevelOfTime at_;
  TimeOfRatio time_of_ratio_;
  double t_min_, t_max_;
  bool discrete_;
};

// Variance preserving: alpha_t^2 = prod_{s<=t} (1 - beta_s), sigma^2 = 1 - alpha^2 (Ho et al. 2020, eq. 4). t is the
// step 0 .. T-1; between steps log-SNR is interpolated linearly.
// Throws std::invalid_argument unless there are two steps at least and every beta is in (0, 1).
Path vp(const std::vector<double>& betas);
// Variance exploding: alpha = 1, sigma = t in [sigma_min, sigma_max] (Karras et al. 2022, table 1, column EDM).
// Throws std::invalid_argument unless 0 < sigma_min < sigma_max.
Path ve(double sigma_min = 0.002, double sigma_max = 80);

// beta_t = min(1 - f(t+1)/f(t), beta_max), f(t) = cos^2((t/T + s)/(1 + s) pi/2) (Nichol and Dhariwal 2021, eq. 17).
std::vector<double> cosine_betas(int steps = 1000, double s = 0.008, double beta_max = 0.999);
// Evenly spaced from first to last (Ho et al. 2020, section 4).
std::vector<double> linear_betas(int steps = 1000, double first = 1e-4, double last = 0.02);

}  // namespace ctforge::diffusion
