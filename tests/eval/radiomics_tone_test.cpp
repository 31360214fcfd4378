// Tone differences of a row, by hand.
#include "eval/radiomics_families.h"
#include "tests/eval/radiomics_support.h"

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

TEST(ToneDifferences, OfARow) {
  // Neighbours' means: 3, 1, 3 for levels 1, 3, 1: s(1) = 4, s(3) = 2; p = 2/3, 1/3.
  const auto found = tone_differences(discretised(test::slice_of({{1, 3, 1}}), {1, 0}));
  EXPECT_NEAR(found[1], 1 / (2.0 / 3 * 4 + 1.0 / 3 * 2), 1e-12);           // coarseness
  EXPECT_NEAR(found[3], (2 * 2.0 / 9 * 4) * 6 / 3 / 2, 1e-12);             // contrast
  EXPECT_NEAR(found[0], (10.0 / 3) / (2 * std::abs(2.0 / 3 - 1)), 1e-12);  // busyness
}

TEST(ToneDifferences, LeaveOutPixelsWithoutNeighbours) {
  Region region = test::slice_of({{1, 3, 1, 0, 9}});
  region.inside = {1, 1, 1, 0, 1};
  const auto found = tone_differences(discretised(region, {1, 0}));
  const auto without = tone_differences(discretised(test::slice_of({{1, 3, 1}}), {1, 0}));
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_DOUBLE_EQ(found[i], without[i]);
}

TEST(ToneDifferences, OfAFlatRegion) {
  EXPECT_EQ(tone_differences(discretised(test::slice_of({{2, 2}}), {1, 0})), (std::vector<double>{0, 1e6, 0, 0, 0}));
}

}  // namespace
}  // namespace ctforge::eval
