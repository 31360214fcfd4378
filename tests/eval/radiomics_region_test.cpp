// Grey levels: bins that begin at multiples of their width, and a given number of bins.
#include "eval/radiomics_region.h"

#include "tests/eval/radiomics_support.h"

#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

std::vector<std::int32_t> levels_of(const std::vector<double>& values, const Discretisation& bins) {
  const LevelGrid grid = discretised(test::slice_of({values}), bins);
  std::vector<std::int32_t> levels;
  for (const std::int64_t voxel : grid.voxels) levels.push_back(grid.level[static_cast<std::size_t>(voxel)]);
  return levels;
}

TEST(Discretised, BinsBeginAtMultiplesOfTheirWidth) {
  EXPECT_EQ(levels_of({54, 74, 75, 166}, {25, 0}), (std::vector<std::int32_t>{1, 1, 2, 5}));
  EXPECT_EQ(levels_of({-26, -25, -1, 0, 25}, {25, 0}), (std::vector<std::int32_t>{1, 2, 2, 3, 4}));
}

TEST(Discretised, AGivenNumberOfBinsHoldsTheLargestValueInTheLast) {
  EXPECT_EQ(levels_of({0, 4.9, 5, 9.9, 10}, {25, 2}), (std::vector<std::int32_t>{1, 1, 2, 2, 2}));
  EXPECT_EQ(levels_of({3, 3}, {25, 8}), (std::vector<std::int32_t>{1, 1}));
}

TEST(Discretised, IsTheRegionsBoxWithABorder) {
  Region region = test::slice_of({{9, 9, 9, 9}, {9, 30, 80, 9}, {9, 9, 9, 9}});
  region.inside = {0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0};
  const LevelGrid grid = discretised(region, {25, 0});
  EXPECT_EQ(grid.size, (std::array<std::int64_t, 3>{1, 3, 4}));
  EXPECT_EQ(grid.level, (std::vector<std::int32_t>{0, 0, 0, 0, 0, 1, 3, 0, 0, 0, 0, 0}));
  EXPECT_EQ(grid.present, (std::vector<std::int32_t>{1, 3}));
  EXPECT_EQ(grid.rank[6], 1);
  EXPECT_EQ(grid.levels(), 3);
  EXPECT_EQ(grid.directions.size(), 4u);
  region.size = {3, 1, 4};
  EXPECT_EQ(discretised(region, {25, 0}).directions.size(), 13u);
}

TEST(Discretised, RefusesWhatHasNoLevels) {
  EXPECT_THROW(levels_of({1, 2}, {0, 0}), std::invalid_argument);
  EXPECT_THROW(levels_of({1, std::numeric_limits<double>::quiet_NaN()}, {}), std::invalid_argument);
  Region region = test::slice_of({{1, 2}});
  region.inside.pop_back();
  EXPECT_THROW(discretised(region, {}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
