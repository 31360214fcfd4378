// Runs, zones and dependences of small regions, by hand.
#include "eval/radiomics_families.h"
#include "tests/eval/radiomics_support.h"

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

double value(std::span<const char* const> names, const std::vector<double>& values, const std::string& name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return values.at(i);
  throw std::invalid_argument(name);
}

TEST(RunLengths, OfARow) {
  // Runs of 2, 1 and 3; other directions have no line with two pixels.
  const auto found = run_lengths(discretised(test::slice_of({{1, 1, 2, 1, 1, 1}}), {1, 0}));
  EXPECT_DOUBLE_EQ(value(run_length_names(), found, "RunPercentage"), 0.5);
  EXPECT_DOUBLE_EQ(value(run_length_names(), found, "LongRunEmphasis"), (4.0 + 1 + 9) / 3);
}

TEST(RunLengths, ADirectionCountsWhenALineHoldsTwoPixelsWithAGap) {
  Region region = test::slice_of({{1, 0, 1}, {0, 0, 0}});
  region.inside = {1, 0, 1, 0, 0, 0};
  const auto found = run_lengths(discretised(region, {1, 0}));
  EXPECT_DOUBLE_EQ(value(run_length_names(), found, "RunPercentage"), 1);
}

TEST(SizeZones, CornersConnect) {
  const auto found = size_zones(discretised(test::slice_of({{1, 2}, {2, 1}}), {1, 0}));
  EXPECT_DOUBLE_EQ(value(size_zone_names(), found, "ZonePercentage"), 0.5);
  EXPECT_DOUBLE_EQ(value(size_zone_names(), found, "LargeAreaEmphasis"), 4);
}

TEST(Dependences, CountTheVoxelItself) {
  const auto found = dependences(discretised(test::slice_of({{1, 1, 1}}), {1, 0}));  // 2, 3 and 2
  EXPECT_DOUBLE_EQ(value(dependence_names(), found, "LargeDependenceEmphasis"), (4.0 + 9 + 4) / 3);
  EXPECT_DOUBLE_EQ(value(dependence_names(), found, "DependenceNonUniformity"), 5.0 / 3);
}

TEST(RunLengths, OfOnePixelAreZero) {
  for (const double found : run_lengths(discretised(test::slice_of({{4}}), {1, 0}))) EXPECT_EQ(found, 0);
}

}  // namespace
}  // namespace ctforge::eval
