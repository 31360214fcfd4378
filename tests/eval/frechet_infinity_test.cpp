// The extrapolated Fréchet distance: the bias of the note's formula goes, a shift that is there stays.
#include "eval/frechet_infinity.h"

#include "eval/frechet.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::eval {
namespace {

torch::Tensor normal_rows(std::int64_t count, std::int64_t dimensions, std::uint64_t seed) {
  torch::Generator generator = torch::make_generator<torch::CPUGeneratorImpl>(seed);
  return torch::randn({count, dimensions}, generator, torch::kFloat64);
}

TEST(FrechetInfinity, TakesAwayTheBiasOfOneDistribution) {
  // A line through few draws scatters as much as the bias itself: its mean must not.
  double biased = 0, extrapolated = 0;
  constexpr std::uint64_t pairs = 12;
  for (std::uint64_t pair = 0; pair < pairs; ++pair) {
    const torch::Tensor x = normal_rows(1000, 16, 2 * pair), y = normal_rows(1000, 16, 2 * pair + 1);
    biased += frechet_distance(x, y) / pairs;
    extrapolated += frechet_infinity(x, y, pair) / pairs;
  }
  EXPECT_NEAR(biased, isotropic_bias(16, 1000), 0.1 * biased);
  EXPECT_LT(std::abs(extrapolated), 0.35 * biased);
}

TEST(FrechetInfinity, KeepsAShiftOfTheMean) {
  const torch::Tensor x = normal_rows(2000, 16, 3), y = normal_rows(2000, 16, 4) + 0.5;  // |shift|^2 = 4
  EXPECT_NEAR(frechet_infinity(x, y, 1), 4, 0.4);
}

TEST(FrechetInfinity, DependsOnTheSeedAlone) {
  const torch::Tensor x = normal_rows(60, 8, 5), y = normal_rows(80, 8, 6);
  EXPECT_EQ(frechet_infinity(x, y, 1), frechet_infinity(x, y, 1));
  EXPECT_NE(frechet_infinity(x, y, 1), frechet_infinity(x, y, 2));
  EXPECT_THROW(frechet_infinity(x.narrow(0, 0, 15), y, 1), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
