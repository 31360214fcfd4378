// The families of paths.
#include "models/diffusion/path.h"

#include <algorithm>
#include <cmath>
#include <limits>
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
    if (std::isinf(*after)) return step - 1;  // nothing lies between a level and the one without signal
    return step - (value - *after) / (*(after - 1) - *after);
  }
};

}  // namespace

double AlphaSigma::log_snr() const {
  if (sigma <= 0) return std::numeric_limits<double>::infinity();
  if (alpha <= 0) return -std::numeric_limits<double>::infinity();
  return 2 * (std::log(alpha) - std::log(sigma));
}

Path::Path(Functions functions, double t_min, double t_max, bool discrete)
    : functions_(std::move(functions)), t_min_(t_min), t_max_(t_max), discrete_(discrete) {
  if (!functions_.level_of_time || !functions_.time_of_ratio || !functions_.noise_input)
    throw std::invalid_argument("a path needs all its functions");
  if (!(t_min < t_max)) throw std::invalid_argument("a path needs t_min < t_max");
}

AlphaSigma Path::at(double t) const { return functions_.level_of_time(std::clamp(t, t_min_, t_max_)); }

double Path::time_of_ratio(double ratio) const {
  if (!(ratio > at(t_min_).ratio())) return t_min_;
  if (!(ratio < at(t_max_).ratio())) return t_max_;
  return std::clamp(functions_.time_of_ratio(ratio), t_min_, t_max_);
}

double Path::noise_input(double t) const { return functions_.noise_input(std::clamp(t, t_min_, t_max_)); }

Path vp(const std::vector<double>& betas) {
  if (betas.size() < 2) throw std::invalid_argument("a variance-preserving path needs two steps at least");
  DiscreteTable table;
  double log_alpha_squared = 0;
  for (std::size_t t = 0; t < betas.size(); ++t) {
    const bool last = t + 1 == betas.size();
    if (!(betas[t] > 0 && (betas[t] < 1 || (last && betas[t] == 1))))
      throw std::invalid_argument("every beta must lie between 0 and 1");
    // Sums of log1p keep sigma exact where beta is too small for 1 - beta.
    log_alpha_squared += std::log1p(-betas[t]);
    const AlphaSigma level{std::exp(log_alpha_squared / 2), std::sqrt(-std::expm1(log_alpha_squared))};
    table.levels.push_back(level);
    table.log_snr.push_back(level.log_snr());
  }
  const auto level = [table](double t) { return table.at(t); };
  const auto time = [table](double ratio) { return table.time_of_log_snr(-2 * std::log(ratio)); };
  const auto input = [](double t) { return t; };
  return Path({level, time, input}, 0, static_cast<double>(betas.size() - 1), true);
}

Path ve(double sigma_min, double sigma_max, double noise_scale) {
  if (!(sigma_min > 0)) throw std::invalid_argument("sigma_min must be positive");
  const auto level = [](double t) { return AlphaSigma{1, t}; };
  const auto time = [](double ratio) { return ratio; };
  const auto input = [noise_scale](double t) { return noise_scale * std::log(t); };
  return Path({level, time, input}, sigma_min, sigma_max, false);
}

Path rectified() {
  const auto level = [](double t) { return AlphaSigma{1 - t, t}; };
  const auto time = [](double ratio) { return ratio / (1 + ratio); };
  const auto input = [](double t) { return 1000 * t; };
  return Path({level, time, input}, 0, 1, false);
}

}  // namespace ctforge::diffusion
