// Formulas of the beta schedules.
#include "models/diffusion/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace ctforge::diffusion {

namespace {

void check(int steps, double first, double last) {
  if (steps < 2) throw std::invalid_argument("a schedule needs two steps at least");
  if (!(first > 0 && first < 1 && last > 0 && last < 1))
    throw std::invalid_argument("the betas of a schedule must lie between 0 and 1");
}

// n values from first to last, both included.
std::vector<double> evenly_spaced(int n, double first, double last) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(first + (last - first) * i / (n - 1));
  return values;
}

}  // namespace

std::vector<double> linear_betas(int steps, double first, double last) {
  check(steps, first, last);
  return evenly_spaced(steps, first, last);
}

std::vector<double> scaled_linear_betas(int steps, double first, double last) {
  check(steps, first, last);
  std::vector<double> betas = evenly_spaced(steps, std::sqrt(first), std::sqrt(last));
  for (double& beta : betas) beta *= beta;
  return betas;
}

std::vector<double> cosine_betas(int steps, double s, double beta_max) {
  check(steps, beta_max, beta_max);
  const auto alpha_squared = [steps, s](int t) {
    const double cosine = std::cos((static_cast<double>(t) / steps + s) / (1 + s) * std::numbers::pi / 2);
    return cosine * cosine;
  };
  std::vector<double> betas;
  for (int t = 0; t < steps; ++t) betas.push_back(std::min(1 - alpha_squared(t + 1) / alpha_squared(t), beta_max));
  return betas;
}

std::vector<double> raised_cosine_betas(int steps, double beta_max) {
  check(steps, beta_max, beta_max);
  std::vector<double> betas;
  for (int t = 1; t <= steps; ++t) {
    // (1 - cos a) / 2 without the cancellation that costs the first betas their digits.
    const double sine = std::sin(std::numbers::pi * t / steps / 2);
    betas.push_back(beta_max * sine * sine);
  }
  return betas;
}

std::vector<double> sigmoid_betas(int steps, double first, double last) {
  check(steps, first, last);
  std::vector<double> betas = evenly_spaced(steps, -6, 6);
  for (double& beta : betas) beta = first + (last - first) / (1 + std::exp(-beta));
  return betas;
}

std::vector<double> with_zero_terminal_snr(const std::vector<double>& betas) {
  if (betas.size() < 2) throw std::invalid_argument("a schedule needs two steps at least");
  std::vector<double> alphas;
  double log_alpha_squared = 0;
  for (const double beta : betas) {
    log_alpha_squared += std::log1p(-beta);
    alphas.push_back(std::exp(log_alpha_squared / 2));
  }
  const double first = alphas.front(), last = alphas.back();
  std::vector<double> rescaled = {betas.front()};
  double before = first;
  for (std::size_t t = 1; t < alphas.size(); ++t) {
    const double alpha = (alphas[t] - last) * (first / (first - last));
    rescaled.push_back(1 - (alpha / before) * (alpha / before));
    before = alpha;
  }
  return rescaled;
}

}  // namespace ctforge::diffusion
