// First-order features of five numbers, by hand.
#include "eval/radiomics_families.h"
#include "tests/eval/radiomics_support.h"

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

TEST(FirstOrder, OfFiveNumbers) {
  const Region region = test::slice_of({{1, 2, 3, 4, 10}});
  const LevelGrid grid = discretised(region, {5, 0});
  std::vector<std::string> names;
  for (const char* name : first_order_names()) names.emplace_back(name);
  const test::Named found = test::named(names, first_order(region, grid));
  EXPECT_DOUBLE_EQ(found.at("Mean"), 4);
  EXPECT_DOUBLE_EQ(found.at("Variance"), 10);
  EXPECT_DOUBLE_EQ(found.at("Energy"), 130);
  EXPECT_DOUBLE_EQ(found.at("10Percentile"), 1.4);
  EXPECT_DOUBLE_EQ(found.at("90Percentile"), 7.6);
  EXPECT_DOUBLE_EQ(found.at("InterquartileRange"), 2);
  EXPECT_DOUBLE_EQ(found.at("RobustMeanAbsoluteDeviation"), 2.0 / 3);  // of 2, 3 and 4
  EXPECT_DOUBLE_EQ(found.at("Uniformity"), 0.64 + 0.04);               // levels 1, 1, 1, 1, 3
  EXPECT_NEAR(found.at("Skewness"), 36 / std::pow(10, 1.5), 1e-12);
  EXPECT_NEAR(found.at("Kurtosis"), 278.8 / 100 - 3, 1e-12);
}

TEST(FirstOrder, MomentsOfAFlatRegionAreZero) {
  const Region region = test::slice_of({{5, 5, 5}});
  const auto found = first_order(region, discretised(region, {}));
  EXPECT_EQ(found[5], 0);   // kurtosis
  EXPECT_EQ(found[14], 0);  // skewness
  EXPECT_EQ(found[3], 0);   // entropy
}

}  // namespace
}  // namespace ctforge::eval
