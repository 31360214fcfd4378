// Grids against diffusers' and their invariants.
#include "models/diffusion/grid.h"

#include "tests/models/diffusion/known_cases.h"

#include <limits>
#include <stdexcept>

namespace ctforge::diffusion {
namespace {

const GridOptions kNoLimits{7, 0, std::numeric_limits<double>::infinity()};

TEST(Grid, HasTheSpacingsOfDiffusers) {
  const Path path = vp(linear_betas());
  const auto& expected = test::oracle()["spacings"];
  EXPECT_EQ(make_grid(Grid::Leading, path, 10, kNoLimits), expected["leading"].get<std::vector<double>>());
  EXPECT_EQ(make_grid(Grid::Trailing, path, 10, kNoLimits), expected["trailing"].get<std::vector<double>>());
  EXPECT_EQ(make_grid(Grid::Uniform, path, 10, kNoLimits), expected["uniform"].get<std::vector<double>>());
}

TEST(Grid, HasTheKarrasLevelsOfDiffusers) {
  const auto expected = test::oracle()["spacings"]["karras_18"].get<std::vector<double>>();
  const auto times = make_grid(Grid::Karras, ve(), 18);
  ASSERT_EQ(times.size(), expected.size());
  for (std::size_t i = 0; i < times.size(); ++i) EXPECT_NEAR(times[i] / expected[i], 1, 1e-12);
}

TEST(Grid, DecreasesStrictlyAndStaysWithinTheLimits) {
  for (const Path& path : {vp(linear_betas()), vp(cosine_betas()), ve()}) {
    for (const Grid grid : {Grid::Karras, Grid::Trailing, Grid::Leading, Grid::Uniform}) {
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

TEST(Grid, RefusesWhatThePathHasNot) {
  EXPECT_THROW(make_grid(Grid::Karras, ve(), 0), std::invalid_argument);
  EXPECT_THROW(make_grid(Grid::Trailing, vp(linear_betas(100)), 101, kNoLimits), std::invalid_argument);
  EXPECT_THROW(make_grid(Grid::Karras, ve(), 5, {7, 90, 100}), std::invalid_argument);
  EXPECT_THROW(make_grid(Grid::Karras, ve(), 5, {0, 0.002, 80}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::diffusion
