// The data order is a permutation an epoch, follows the weights, and can be entered anywhere.
#include "models/train/data_order.h"

#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::train {
namespace {

std::vector<std::int64_t> counts(const std::vector<std::int64_t>& drawn, std::size_t items) {
  std::vector<std::int64_t> result(items, 0);
  for (const std::int64_t item : drawn) ++result[static_cast<std::size_t>(item)];
  return result;
}

TEST(DataOrder, EqualWeightsGiveEachItemOnceAnEpoch) {
  DataOrder order(std::vector<double>(97, 1.0), 5);
  const auto first = order.items(0, 97);
  const auto second = order.items(97, 97);
  EXPECT_EQ(counts(first, 97), std::vector<std::int64_t>(97, 1));
  EXPECT_EQ(counts(second, 97), std::vector<std::int64_t>(97, 1));
  EXPECT_NE(first, second);
  EXPECT_FALSE(std::is_sorted(first.begin(), first.end()));
}

TEST(DataOrder, IsAFunctionOfSeedAndPosition) {
  DataOrder whole({1, 2, 3, 1, 1}, 9);
  DataOrder entered({1, 2, 3, 1, 1}, 9);
  const auto all = whole.items(0, 40);
  EXPECT_EQ(entered.items(13, 9), std::vector<std::int64_t>(all.begin() + 13, all.begin() + 22));
  EXPECT_EQ(entered.items(2, 5), std::vector<std::int64_t>(all.begin() + 2, all.begin() + 7));
  DataOrder other({1, 2, 3, 1, 1}, 10);
  EXPECT_NE(other.items(0, 40), all);
}

TEST(DataOrder, DrawsFollowTheWeights) {
  // 10 items of weight 3, 30 of weight 1: an epoch of 40 draws gives the first 20 draws, 2 each.
  std::vector<double> weights(40, 1.0);
  std::fill_n(weights.begin(), 10, 3.0);
  DataOrder order(weights, 3);
  const auto drawn = counts(order.items(0, 40), 40);
  std::int64_t heavy = 0;
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_LE(drawn[i], 2);
    EXPECT_GE(drawn[i], i < 10 ? 2 : 0);
    if (i < 10) heavy += drawn[i];
  }
  EXPECT_EQ(heavy, 20);
}

TEST(DataOrder, TemperingBalancesClasses) {
  const std::vector<std::int32_t> classes = {0, 0, 0, 0, 1};
  EXPECT_EQ(class_weights(classes, 0), std::vector<double>(5, 1.0));
  const auto balanced = class_weights(classes, 1);  // 1/4 four times and 1: mean 2/5
  EXPECT_DOUBLE_EQ(balanced[0], 0.625);
  EXPECT_DOUBLE_EQ(balanced[4], 2.5);
  const auto half = class_weights(classes, 0.5);
  EXPECT_NEAR(half[4] / half[0], 2, 1e-12);
}

TEST(DataOrder, BadWeightsAreRefused) {
  EXPECT_THROW(DataOrder({}, 1), std::invalid_argument);
  EXPECT_THROW(DataOrder({1, 0}, 1), std::invalid_argument);
  EXPECT_THROW(class_weights({0, -1}, 1), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::train
