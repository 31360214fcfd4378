// Beta schedules against diffusers' tables and figures stated in the literature.
#include "models/diffusion/schedule.h"

#include "tests/models/diffusion/known_cases.h"

#include <cmath>
#include <stdexcept>

namespace ctforge::diffusion {
namespace {

TEST(Schedule, HasTheBetasOfDiffusers) {
  const auto& expected = test::oracle()["schedules"];
  const auto scaled = scaled_linear_betas(), sigmoid = sigmoid_betas();
  const auto zero = with_zero_terminal_snr(linear_betas());
  for (std::size_t i = 0; i < expected["steps"].size(); ++i) {
    const auto step = expected["steps"][i].get<std::size_t>();
    EXPECT_NEAR(scaled[step], expected["scaled_linear_betas"][i].get<double>(), 1e-12);
    EXPECT_NEAR(sigmoid[step], expected["sigmoid_betas"][i].get<double>(), 1e-12);
    EXPECT_NEAR(zero[step], expected["zero_snr_betas"][i].get<double>(), 1e-12);
  }
  EXPECT_EQ(zero.front(), 1e-4);
  EXPECT_EQ(zero.back(), 1);
}

TEST(Schedule, RaisedCosineHasTheFormulaAndItsKnownEnds) {
  const auto betas = raised_cosine_betas(1000, 0.02);
  for (const int t : {1, 2, 500, 999, 1000}) {
    const double formula = (1 - std::cos(t * M_PI / 1000)) / 2 * 0.02;
    EXPECT_NEAR(betas[static_cast<std::size_t>(t - 1)], formula, 1e-17);
  }
  EXPECT_NEAR(betas.front(), 4.9e-8, 0.05e-8);
  const Path path = vp(betas);
  EXPECT_NEAR(std::pow(path.at(999).alpha, 2) / 4.17e-5, 1, 2e-3);
  EXPECT_NEAR(path.at(0).ratio() / 2.2e-4, 1, 2e-2);
  EXPECT_NEAR(path.at(999).ratio() / 154.9, 1, 1e-3);
  EXPECT_NEAR(std::pow(vp(raised_cosine_betas(1000, 0.1)).at(999).alpha, 2) / 2.5e-23, 1, 3e-2);
}

TEST(Schedule, LinearEndsWhereTheLiteratureSays) {
  const Path path = vp(linear_betas());
  EXPECT_NEAR(std::pow(path.at(999).alpha, 2) / 4.04e-5, 1, 2e-3);
  EXPECT_NEAR(path.at(0).ratio(), 0.01, 1e-6);
}

TEST(Schedule, RescalingKeepsTheFirstLevelAndTheOrder) {
  for (const auto& betas : {linear_betas(), scaled_linear_betas(), cosine_betas(), raised_cosine_betas()}) {
    const Path before = vp(betas), after = vp(with_zero_terminal_snr(betas));
    EXPECT_NEAR(after.at(0).alpha, before.at(0).alpha, 1e-15);
    EXPECT_EQ(after.at(999).alpha, 0);
    for (double t = 1; t < 1000; ++t) EXPECT_LT(after.at(t).alpha, after.at(t - 1).alpha);
  }
}

TEST(Schedule, RefusesWhatIsNone) {
  EXPECT_THROW(linear_betas(1), std::invalid_argument);
  EXPECT_THROW(linear_betas(10, 0, 0.1), std::invalid_argument);
  EXPECT_THROW(scaled_linear_betas(10, 0.1, 1), std::invalid_argument);
  EXPECT_THROW(cosine_betas(0), std::invalid_argument);
  EXPECT_THROW(raised_cosine_betas(1000, 0), std::invalid_argument);
  EXPECT_THROW(sigmoid_betas(1000, -1, 0.02), std::invalid_argument);
  EXPECT_THROW(with_zero_terminal_snr({0.1}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::diffusion
