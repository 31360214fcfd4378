// Skip connections of the levels made of k_blocks.h.
#include "models/nets/k_levels.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

using torch::Tensor;

const BlockOptions kOptions{.time_channels = 3};
const TimeVectors kTime{.plain = torch::ones({1, 3}), .activated = {}};  // the activated one is not looked at

LevelShape shape_of(std::int64_t in, bool attends, bool ends) {
  LevelShape shape;
  for (const std::int64_t channels : {in, std::int64_t{8}})
    shape.resnets.push_back({.in_channels = channels, .out_channels = 8, .groups_in = 2, .groups_out = 2});
  if (attends) shape.attentions.assign(2, {.channels = 8, .head_dim = 4, .groups = 2});
  shape.resampling = ends ? Resampling::Filter : Resampling::None;
  return shape;
}

TEST(KDownLevel, DoesNotKeepTheHalvedPicture) {
  KDownLevel level(shape_of(4, false, true), kOptions);
  Flow flow;
  flow.hidden = torch::randn({1, 4, 6, 4});
  level->forward(flow, kTime, {});
  EXPECT_EQ(flow.hidden.size(2), 3);
  ASSERT_EQ(flow.skips.size(), 2U);
  EXPECT_EQ(flow.skips[1].size(2), 6);
}

TEST(KDownLevel, OfAttentionLeavesEmptySkipsWhereItDoesNotHalve) {
  KDownLevel level(shape_of(4, true, false), kOptions);
  Flow flow;
  flow.hidden = torch::randn({1, 4, 6, 4});
  level->forward(flow, kTime, {});
  ASSERT_EQ(flow.skips.size(), 2U);
  EXPECT_FALSE(flow.skips[0].defined());
}

TEST(KUpLevel, JoinsTheLastOfItsSkips) {
  KUpLevel level(shape_of(8 + 6, false, true), kOptions);
  Flow flow;
  flow.hidden = torch::randn({1, 8, 3, 2});
  flow.skips = {torch::randn({1, 1, 9, 9}), torch::randn({1, 2, 9, 9}), torch::randn({1, 6, 3, 2})};
  level->forward(flow, kTime, {});
  EXPECT_EQ(flow.hidden.size(2), 6);
  EXPECT_EQ(flow.skips.size(), 1U);
}

TEST(KUpLevel, JoinsNothingWhereTheSkipIsEmpty) {
  KUpLevel level(shape_of(8, true, false), kOptions);
  Flow flow;
  flow.hidden = torch::randn({1, 8, 3, 2});
  flow.skips = {Tensor()};
  level->forward(flow, kTime, {});
  EXPECT_EQ(flow.hidden.size(1), 8);
  EXPECT_TRUE(flow.skips.empty());
}

TEST(KLevels, RefuseImpossibleGroups) {
  LevelShape shape = shape_of(4, false, true);
  shape.resnets[1].groups_out = 3;
  EXPECT_THROW(KDownLevel(shape, kOptions), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::nets
