// Power-function averages against values of the paper and against averages computed directly.
#include "models/train/power_ema.h"

#include <cmath>
#include <numeric>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::train {
namespace {

TEST(PowerEma, HasThePapersExponents) {
  // Stated with the paper's definition of sigma_rel: 0.05 and 0.10 correspond to gamma 16.97 and 6.94.
  EXPECT_NEAR(power_ema_gamma(0.05), 16.97, 0.005);
  EXPECT_NEAR(power_ema_gamma(0.10), 6.94, 0.005);
  EXPECT_NEAR(power_ema_gamma(std::sqrt(1.0 / 12)), 0, 1e-9);  // the plain mean
  EXPECT_THROW(power_ema_gamma(0), std::invalid_argument);
  EXPECT_THROW(power_ema_gamma(0.3), std::invalid_argument);
}

// Weights that each step has in the average after `steps`, by the recursion of training.
std::vector<double> profile(double gamma, int steps, int length) {
  std::vector<double> weights(static_cast<std::size_t>(length), 0.0);
  for (int t = 1; t <= steps; ++t) {
    const double kept = power_ema_decay(gamma, t);
    for (double& weight : weights) weight *= kept;
    weights[static_cast<std::size_t>(t - 1)] += 1 - kept;
  }
  return weights;
}

TEST(PowerEma, HasTheLengthAskedFor) {
  const auto weights = profile(power_ema_gamma(0.1), 4000, 4000);
  double mean = 0, square = 0;
  for (std::size_t t = 0; t < weights.size(); ++t) {
    mean += weights[t] * static_cast<double>(t);
    square += weights[t] * static_cast<double>(t) * static_cast<double>(t);
  }
  EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0), 1, 1e-12);
  EXPECT_NEAR(std::sqrt(square - mean * mean) / 4000, 0.1, 1e-3);
}

TEST(PowerEma, FindsAverageOfAnyLengthFromStoredOnes) {
  const int steps = 2048;
  std::vector<EmaProfile> stored;
  for (const double sigma_rel : {0.05, 0.10}) {
    for (int t = steps / 16; t <= steps; t += steps / 16) stored.push_back({power_ema_gamma(sigma_rel), double(t)});
  }
  for (const double sigma_rel : {0.03, 0.07, 0.15}) {
    const EmaProfile wanted{power_ema_gamma(sigma_rel), double(steps)};
    const auto factors = post_hoc_factors(stored, wanted);
    EXPECT_NEAR(std::accumulate(factors.begin(), factors.end(), 0.0), 1, 0.02);
    std::vector<double> found(static_cast<std::size_t>(steps), 0.0);
    for (std::size_t i = 0; i < stored.size(); ++i) {
      const auto weights = profile(stored[i].gamma, static_cast<int>(stored[i].steps), steps);
      for (std::size_t t = 0; t < found.size(); ++t) found[t] += factors[i] * weights[t];
    }
    const auto exact = profile(wanted.gamma, steps, steps);
    double difference = 0, size = 0;
    for (std::size_t t = 0; t < found.size(); ++t) {
      difference += std::pow(found[t] - exact[t], 2);
      size += std::pow(exact[t], 2);
    }
    EXPECT_LT(std::sqrt(difference / size), sigma_rel < 0.05 ? 0.1 : 0.03) << sigma_rel;
  }
}

TEST(PowerEma, GivesBackAStoredOne) {
  const std::vector<EmaProfile> stored = {{16.97, 100}, {6.94, 100}, {16.97, 200}, {6.94, 200}};
  const auto factors = post_hoc_factors(stored, stored[3]);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(factors[i], i == 3 ? 1 : 0, 1e-6);
}

TEST(PowerEma, RefusesWhatCannotBeFound) {
  EXPECT_THROW(post_hoc_factors({}, {6.94, 100}), std::invalid_argument);
  EXPECT_THROW(post_hoc_factors({{6.94, 100}, {6.94, 100}}, {6.94, 100}), std::invalid_argument);
  EXPECT_THROW(post_hoc_factors({{6.94, 100}}, {6.94, 101}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::train
