// Shares without a group; those of several processes are tested with what they train (models/train/parallel_test.cpp).
#include "pipeline/train/train_share.h"

#include <vector>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(ShareOf, IsAllOfTheBatchForOneProcess) {
  const auto share = share_of(nullptr, 6);
  EXPECT_EQ(share.first, 0);
  EXPECT_EQ(share.count, 6);
  EXPECT_EQ(share.whole, 6);
  EXPECT_EQ((nets::BatchShare{2, 2, 6}.of(std::vector<int>{0, 1, 2, 3, 4, 5})), (std::vector<int>{2, 3}));
  EXPECT_TRUE(torch::equal(nets::BatchShare{2, 2, 6}.of(torch::arange(6)), torch::arange(2, 4)));
}

}  // namespace
}  // namespace ctforge::pipeline
