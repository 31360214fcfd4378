// Holm's correction by hand and against statsmodels.
#include "eval/holm.h"

#include "tests/eval/support.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

TEST(Holm, ByHand) {
  // Ascending: 3 x 0.01, 2 x 0.03, 1 x 0.04, which may not be below the one before.
  const auto corrected = holm({0.04, 0.01, 0.03});
  EXPECT_NEAR(corrected[0], 0.06, 1e-15);
  EXPECT_NEAR(corrected[1], 0.03, 1e-15);
  EXPECT_NEAR(corrected[2], 0.06, 1e-15);
}

TEST(Holm, EqualsStatsmodels) {
  for (const auto& reference : test::oracle().at("holm")) {
    const auto corrected = holm(reference.at("p").get<std::vector<double>>());
    const auto expected = reference.at("corrected").get<std::vector<double>>();
    ASSERT_EQ(corrected.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(corrected[i], expected[i], 1e-12) << i;
  }
}

TEST(Holm, WhatIsNoTestDoesNotCount) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  const auto corrected = holm({none, 0.02, none, 0.6});
  EXPECT_TRUE(std::isnan(corrected[0]));
  EXPECT_DOUBLE_EQ(corrected[1], 0.04);
  EXPECT_TRUE(std::isnan(corrected[2]));
  EXPECT_DOUBLE_EQ(corrected[3], 0.6);
  EXPECT_TRUE(holm({}).empty());
}

}  // namespace
}  // namespace ctforge::eval
