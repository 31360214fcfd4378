// A matrix of counts of two cells, by hand.
#include "eval/radiomics_counts.h"

#include <cmath>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

TEST(Counts, OfThreeSmallAndOneLarge) {
  // Level 1, size 1 three times; level 3, size 2 once.
  const CountFeatures f = features_of_counts(counted({{1, 1}, {3, 2}, {1, 1}, {1, 1}}));
  EXPECT_DOUBLE_EQ(f.small, 0.75 + 0.25 / 4);
  EXPECT_DOUBLE_EQ(f.large, 0.75 + 0.25 * 4);
  EXPECT_DOUBLE_EQ(f.large_high, 0.75 + 0.25 * 36);
  EXPECT_DOUBLE_EQ(f.level_non_uniformity, 10.0 / 4);
  EXPECT_DOUBLE_EQ(f.size_non_uniformity_normalised, 10.0 / 16);
  EXPECT_DOUBLE_EQ(f.percentage, 4.0 / 5);
  EXPECT_DOUBLE_EQ(f.level_variance, 0.75 * 0.25 + 0.25 * 2.25);
  EXPECT_DOUBLE_EQ(f.entropy, -0.75 * std::log2(0.75) + 0.5);
}

TEST(Counts, OfTwoLevelsOfOneSizeArePutTogether) {
  const CountFeatures f = features_of_counts({{1, 5, 2}, {2, 5, 2}});
  EXPECT_DOUBLE_EQ(f.size_non_uniformity, 4);
  EXPECT_DOUBLE_EQ(f.size_variance, 0);
}

TEST(Counts, OfNothingAreZero) { EXPECT_EQ(features_of_counts({}).percentage, 0); }

}  // namespace
}  // namespace ctforge::eval
