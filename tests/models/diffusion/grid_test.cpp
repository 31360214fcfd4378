// Grids against diffusers' and their invariants.
#include "models/diffusion/grid.h"

#include "tests/models/diffusion/known_cases.h"

#include <limits>
#include <stdexcept>

namespace ctforge::diffusion {
namespace {

using test::kNoLimits;

TEST(Grid, HasTheSpacingsOfDiffusers) {
  const Path path = vp(linear_betas());
  const auto& expected = test::oracle()["spacings"];
  EXPECT_EQ(make_grid(Grid::Leading, path, 10, kNoLimits), expected["leading"].get<std::vector<double>>());
  EXPECT_EQ(make_grid(Grid::Trailing, path, 10, kNoLimits), expected["trailing"].get<std::vector<double>>());
  EXPECT_EQ(make_grid(Grid::Uniform, path, 10, kNoLimits), expected["uniform"].get<std::vector<double>>());
}

TEST(Grid, RoundsAsDiffusersDoes) {
  const Path path = vp(linear_betas());
  for (const int n : {7, 16, 18, 48}) {
    const auto& expected = test::oracle()["spacings"];
    const auto number = "_" + std::to_string(n);
    EXPECT_EQ(make_grid(Grid::Leading, path, n, kNoLimits), expected["leading" + number].get<std::vector<double>>());
    EXPECT_EQ(make_grid(Grid::Trailing, path, n, kNoLimits), expected["trailing" + number].get<std::vector<double>>());
  }
}

TEST(Grid, HasTheKarrasLevelsOfDiffusers) {
  const auto expected = test::oracle()["spacings"]["karras_18"].get<std::vector<double>>();
  const auto times = make_grid(Grid::Karras, ve(), 18);
  ASSERT_EQ(times.size(), expected.size());
  for (std::size_t i = 0; i < times.size(); ++i) EXPECT_NEAR(times[i] / expected[i], 1, 1e-12);
}

TEST(Grid, DecreasesStrictlyAndStaysWithinTheLimits) {
  for (const Path& path : {vp(linear_betas()), vp(cosine_betas()), ve(), rectified()}) {
    for (const Grid grid : {Grid::Karras, Grid::LogSnr, Grid::Trailing, Grid::Leading, Grid::Uniform, Grid::Shifted}) {
      for (const int n : {1, 2, 7, 18, 50, 333}) {
        const auto times = make_grid(grid, path, n);
        ASSERT_EQ(times.size(), static_cast<std::size_t>(n));
        for (std::size_t i = 1; i < times.size(); ++i) EXPECT_LT(times[i], times[i - 1]);
        EXPECT_LE(path.at(times.front()).ratio(), 80 * (1 + 1e-9));
        EXPECT_GE(path.at(times.back()).ratio(), 0.002 * (1 - 1e-9));
      }
    }
  }
}

TEST(Grid, KeepsToWholeStepsOfADiscretePath) {
  for (const Grid grid : {Grid::Trailing, Grid::Leading, Grid::Uniform}) {
    for (const double t : make_grid(grid, vp(cosine_betas()), 37)) EXPECT_EQ(t, std::round(t));
  }
}

TEST(Grid, VisitsEveryStepWhenAskedForAll) {
  const auto times = make_grid(Grid::Trailing, vp(linear_betas(100)), 100, kNoLimits);
  for (std::size_t i = 0; i < times.size(); ++i) EXPECT_EQ(times[i], 99 - static_cast<double>(i));
}

TEST(Grid, SpacesLogSnrEvenly) {
  const Path path = vp(linear_betas());
  const auto times = make_grid(Grid::LogSnr, path, 10, {7, 0, 1e9});
  const auto expected = test::oracle()["multistep_2_exponential"]["sigmas"].get<std::vector<double>>();
  for (std::size_t i = 0; i < times.size(); ++i) EXPECT_NEAR(path.at(times[i]).ratio() / expected[i], 1, 1e-9);
}

TEST(Grid, ShiftsTheStraightPathAsDiffusersDoes) {
  const Path path = rectified();
  const auto times = make_grid(Grid::Shifted, path, 4, {.sigma_min = 0, .sigma_max = kNoLimits.sigma_max, .shift = 3});
  // diffusers' flow-matching pipelines give their scheduler the levels 1, (n-1)/n ... 1/n.
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(times[i], test::oracle()["spacings"]["flow_shift_3"][i].get<double>(), 1e-12);
  GridOptions unshifted = kNoLimits;
  unshifted.shift = 1;
  const auto trailing = make_grid(Grid::Trailing, path, 7, kNoLimits),
             same = make_grid(Grid::Shifted, path, 7, unshifted);
  for (std::size_t i = 0; i < 7; ++i) EXPECT_DOUBLE_EQ(trailing[i], same[i]);
  EXPECT_NEAR(make_grid(Grid::Shifted, ve(), 10)[0], 80, 1e-12);  // the noisiest level stays
}

TEST(Grid, RefusesWhatThePathHasNot) {
  EXPECT_THROW(make_grid(Grid::Karras, rectified(), 5, kNoLimits), std::invalid_argument);  // infinite
  EXPECT_THROW(make_grid(Grid::LogSnr, rectified(), 5, kNoLimits), std::invalid_argument);
  EXPECT_THROW(make_grid(Grid::Shifted, ve(), 5, {.shift = 0}), std::invalid_argument);
  EXPECT_THROW(make_grid(Grid::Karras, ve(), 0), std::invalid_argument);
  EXPECT_THROW(make_grid(Grid::Trailing, vp(linear_betas(100)), 101, kNoLimits), std::invalid_argument);
  EXPECT_THROW(make_grid(Grid::Karras, ve(), 5, {7, 90, 100}), std::invalid_argument);
  EXPECT_THROW(make_grid(Grid::Karras, ve(), 5, {0, 0.002, 80}), std::invalid_argument);
  // Data is where solvers go from the last level, not a level.
  for (const Grid grid : {Grid::Leading, Grid::Uniform})
    EXPECT_THROW(make_grid(grid, rectified(), 5, {.sigma_min = 0}), std::invalid_argument);
  EXPECT_NO_THROW(make_grid(Grid::Trailing, rectified(), 5, {.sigma_min = 0}));
}

}  // namespace
}  // namespace ctforge::diffusion
