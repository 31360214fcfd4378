// Paths against diffusers' tables and their own invariants.
#include "models/diffusion/path.h"

#include "tests/models/diffusion/known_cases.h"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace ctforge::diffusion {
namespace {

TEST(Path, HasTheTablesOfDiffusers) {
  const auto& expected = test::oracle()["schedules"];
  const Path linear = vp(linear_betas()), cosine = vp(cosine_betas());
  const auto betas = cosine_betas();
  for (std::size_t i = 0; i < expected["steps"].size(); ++i) {
    const auto step = expected["steps"][i].get<std::size_t>();
    const double t = static_cast<double>(step);
    const double linear_value = expected["linear_alpha_squared"][i], cosine_value = expected["cosine_alpha_squared"][i];
    const double beta = expected["cosine_betas"][i];
    EXPECT_NEAR(std::pow(linear.at(t).alpha, 2) / linear_value, 1, 1e-12);
    EXPECT_NEAR(std::pow(cosine.at(t).alpha, 2) / cosine_value, 1, 1e-12);
    EXPECT_NEAR(betas[step], beta, 1e-12);
  }
  // Extremes stated for the two schedules in the literature's code.
  EXPECT_NEAR(linear.at(999).ratio(), 157.4, 0.05);
  EXPECT_NEAR(cosine.at(999).ratio(), 20291, 1);
}

TEST(Path, KeepsVarianceAndRunsFromDataToNoise) {
  const Path path = vp(cosine_betas());
  double before = 0;
  for (double t = path.t_min(); t <= path.t_max(); t += 0.25) {
    const AlphaSigma level = path.at(t);
    EXPECT_NEAR(level.alpha * level.alpha + level.sigma * level.sigma, 1, 1e-14);
    EXPECT_GT(level.ratio(), before);
    before = level.ratio();
  }
}

TEST(Path, InterpolatesLogSnrBetweenSteps) {
  const Path path = vp(linear_betas());
  EXPECT_NEAR(path.at(10.25).log_snr(), 0.75 * path.at(10).log_snr() + 0.25 * path.at(11).log_snr(), 1e-12);
}

TEST(Path, KeepsTheDigitsOfBetasBelowFloat32) {
  const Path path = vp({1e-12, 1e-12});
  EXPECT_NEAR(path.at(0).sigma / 1e-6, 1, 1e-11);
  EXPECT_NEAR(path.at(1).sigma / std::sqrt(2e-12), 1, 1e-11);
}

TEST(Path, FindsTheTimeOfARatioAndClamps) {
  for (const Path& path : {vp(linear_betas()), vp(cosine_betas()), ve(), rectified()}) {
    for (const double t : {path.t_min(), 0.1 * path.t_max() + 0.123, 0.7 * path.t_max(), path.t_max()}) {
      EXPECT_NEAR(path.time_of_ratio(path.at(t).ratio()), t, 1e-9 * path.t_max());
    }
    EXPECT_EQ(path.time_of_ratio(0), path.t_min());
    EXPECT_EQ(path.time_of_ratio(std::numeric_limits<double>::infinity()), path.t_max());
    EXPECT_EQ(path.at(path.t_max() + 1).sigma, path.at(path.t_max()).sigma);
  }
}

TEST(Path, IsStraightWhereItIsRectified) {
  const Path path = rectified();
  EXPECT_EQ(path.at(0.25).alpha, 0.75);
  EXPECT_EQ(path.at(0.25).sigma, 0.25);
  EXPECT_EQ(path.at(1).ratio(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(path.at(1).log_snr(), -std::numeric_limits<double>::infinity());
  EXPECT_DOUBLE_EQ(path.time_of_ratio(3), 0.75);
  EXPECT_EQ(path.time_of_ratio(std::numeric_limits<double>::infinity()), 1);
}

TEST(Path, MayEndWithoutSignal) {
  const Path path = vp(with_zero_terminal_snr(linear_betas()));
  EXPECT_EQ(path.at(999).alpha, 0);
  EXPECT_EQ(path.at(999).sigma, 1);
  EXPECT_EQ(path.time_of_ratio(path.at(998).ratio()), 998);
  EXPECT_EQ(path.time_of_ratio(1e9), 998);  // nothing lies between
  EXPECT_EQ(path.time_of_ratio(std::numeric_limits<double>::infinity()), 999);
}

TEST(Path, HasInfiniteLogSnrWithoutNoise) {
  EXPECT_EQ((AlphaSigma{1, 0}).log_snr(), std::numeric_limits<double>::infinity());
  EXPECT_DOUBLE_EQ((AlphaSigma{1, std::exp(1.0)}).log_snr(), -2);
}

TEST(Path, RefusesWhatIsNoSchedule) {
  EXPECT_THROW(vp({0.1, 1.1}), std::invalid_argument);
  EXPECT_THROW(vp({0.1, 0.0}), std::invalid_argument);
  EXPECT_THROW(vp({0.1}), std::invalid_argument);
  EXPECT_THROW(ve(1, 1), std::invalid_argument);
  EXPECT_THROW(ve(0, 1), std::invalid_argument);
  EXPECT_THROW(vp({1.0, 0.1}), std::invalid_argument);
  EXPECT_THROW(Path({}, 0, 1, false), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::diffusion
