// The two families of paths and the beta schedules.
#include "models/diffusion/path.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <utility>

namespace ctforge::diffusion {

namespace {

// alpha = sqrt(sigmoid(log_snr)) and sigma = sqrt(sigmoid(-log_snr)), each without cancellation.
AlphaSigma variance_preserving_level(double log_snr) {
  return {1 / std::sqrt(1 + std::exp(-log_snr)), 1 / std::sqrt(1 + std::exp(log_snr))};
}

struct DiscreteTable {
  std::vector<AlphaSigma> levels;
  std::vector<double> log_snr;  // strictly decreasing

  AlphaSigma at(double t) const {
    const double below = std::floor(t);
    const auto step = static_cast<std::size_t>(below);
    if (below == t) return levels[step];
    const double part = t - below;
    return variance_preserving_level((1 - part) * log_snr[step] + part * log_snr[step + 1]);
  }

  double time_of_log_snr(double value) const {
    const auto after = std::lower_bound(log_snr.begin(), log_snr.end(), value, std::greater<>());
    if (after == log_snr.begin()) return 0;
    if (after == log_snr.end()) return static_cast<double>(log_snr.size() - 1);
    const double step = static_cast<double>(after - log_snr.begin());
    return step - (value - *after) / (*(after - 1) - *after);
  }
};

}  // namespace

double AlphaSigma::log_snr() const {
  if (sigma <= 0) return std::numeric_limits<double>::infinity();
  return 2 * (std::log(alpha) - std::log(sigma));
}

Path::Path(LevelOfTime at, TimeOfRatio time_of_ratio, double t_min, double t_max, bool discrete)
    : at_(std::move(at)), time_of_ratio_(std::move(time_of_ratio)), t_min_(t_min), t_max_(t_max), discrete_(discrete) {
  if (!at_ || !time_of_ratio_) throw std::invalid_argument("a path needs both its functions");
  if (!(t_min < t_max)) throw std::invalid_argument("a path needs t_min < t_max");
}

AlphaSigma Path::at(double t) const { return at_(std::clamp(t, t_min_, t_max_)); }

double Path::time_of_ratio(double ratio) const {
  if (!(ratio > at_(t_min_).ratio())) return t_min_;
  if (!(ratio < at_(t_max_).ratio())) return t_max_;
  return std::clamp(time_of_ratio_(ratio), t_min_, t_max_);
}

Path vp(const std::vector<double>& betas) {
  if (betas.size() < 2) throw std::invalid_argument("a variance-preserving path needs two steps at least");
  DiscreteTable table;
  double log_alpha_squared = 0;
  for (const double beta : betas) {
    if (!(beta > 0 && beta < 1)) throw std::invalid_argument("every beta must lie between 0 and 1");
    // Sums of log1p keep sigma exact where beta is too small for 1 - beta.
    log_alpha_squared += std::log1p(-beta);
    const AlphaSigma level{std::exp(log_alpha_squared / 2), std::sqrt(-std::expm1(log_alpha_squared))};
    table.levels.push_back(level);
    table.log_snr.push_back(level.log_snr());
  }
  const double last = static_cast<double>(betas.size() - 1);
  return Path([table](double t) { return table.at(t); },
              [table](double ratio) { return table.time_of_log_snr(-2 * std::log(ratio)); }, 0, last, true);
}

Path ve(double sigma_min, double sigma_max) {
  if (!(sigma_min > 0)) throw std::invalid_argument("sigma_min must be positive");
  return Path(
      [](double t) {
        return AlphaSigma{1, t};
      },
      [](double ratio) { return ratio; }, sigma_min, sigma_max, false);
}

std::vector<double> cosine_betas(int steps, double s, double beta_max) {
  if (steps < 1) throw std::invalid_argument("a schedule needs a step at least");
  const auto alpha_squared = [steps, s](int t) {
    const double cosine = std::cos((static_cast<double>(t) / steps + s) / (1 + s) * std::numbers::pi / 2);
    return cosine * cosine;
  };
  std::vector<double> betas;
  for (int t = 0; t < steps; ++t) betas.push_back(std::min(1 - alpha_squared(t + 1) / alpha_squared(t), beta_max));
  return betas;
}

std::vector<double> linear_betas(int steps, double first, double last) {
  if (steps < 2) throw std::invalid_argument("a linear schedule needs two steps at least");
  std::vector<double> betas;
  for (int t = 0; t < steps; ++t) betas.push_back(first + (last - first) * t / (steps - 1));
  return betas;
}

}  // namespace ctforge::diffusion
