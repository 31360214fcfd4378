// Shapes of a U-Net's levels.
#include "models/nets/unet_plan.h"

#include <cstdint>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace ctforge::nets {
namespace {

UNetConfig config_of(LevelType type, std::vector<std::int64_t> channels) {
  UNetConfig config;
  config.down_block_types.assign(channels.size(), type);
  config.up_block_types = config.down_block_types;
  config.block_out_channels = std::move(channels);
  config.norm_num_groups = 4;
  config.attention_head_dim = 16;
  return config;
}

std::vector<std::int64_t> inputs(const LevelShape& shape) {
  std::vector<std::int64_t> channels;
  for (const ResnetShape& block : shape.resnets) channels.push_back(block.in_channels);
  return channels;
}

TEST(UNetPlan, JoinsSkipConnectionsOfEveryResidualBlock) {
  const UNetPlan shapes = plan(config_of(LevelType::Attention, {8, 16, 32}));
  EXPECT_EQ(inputs(shapes.down[1]), (std::vector<std::int64_t>{8, 16}));
  EXPECT_EQ(inputs(shapes.up[0]), (std::vector<std::int64_t>{32 + 32, 32 + 32, 32 + 16}));
  EXPECT_EQ(inputs(shapes.up[2]), (std::vector<std::int64_t>{16 + 8, 8 + 8, 8 + 8}));
  EXPECT_EQ(shapes.down[1].attentions.size(), 2U);
  EXPECT_EQ(shapes.down[2].resampling, Resampling::None);
  EXPECT_EQ(shapes.up[2].resampling, Resampling::None);
  EXPECT_EQ(shapes.up[0].resampling, Resampling::Convolution);
  EXPECT_EQ(shapes.smallest_side, 1);
}

TEST(UNetPlan, GroupsAreTheLevelsOwn) {
  UNetConfig config = config_of(LevelType::AttentionSkip, {32, 256});
  const UNetPlan skip = plan(config);
  EXPECT_EQ(skip.down[1].resnets[0].groups_in, 8);
  EXPECT_EQ(skip.down[1].resnets[0].groups_out, 32);
  EXPECT_EQ(skip.up[1].resnets[0].groups_in, 32);  // min(256 + 32 / 4, 32)
  EXPECT_EQ(skip.up[1].attentions.size(), 1U);
  EXPECT_EQ(skip.up[1].attentions[0].groups, 32);
  EXPECT_EQ(skip.groups_out, 4);
  config.norm_num_groups = 0;
  EXPECT_EQ(plan(config).groups_out, 8);
  EXPECT_EQ(plan(config).middle.resnet.groups_in, 32);
  EXPECT_EQ(plan(config_of(LevelType::K, {64, 128})).down[1].resnets[0].groups_out, 4);
}

TEST(UNetPlan, MiddleAttentionIsNormalisedUnlessTimeScales) {
  UNetConfig config = config_of(LevelType::Plain, {8, 16});
  EXPECT_EQ(plan(config).middle.attentions[0].groups, 4);
  config.resnet_time_scale_shift = TimeScaleShift::ScaleShift;
  EXPECT_EQ(plan(config).middle.attentions[0].groups, 0);
  config.attn_norm_num_groups = 2;
  EXPECT_EQ(plan(config).middle.attentions[0].groups, 2);
  config.attention_head_dim = 0;
  EXPECT_EQ(plan(config).middle.attentions[0].head_dim, 16);
}

TEST(UNetPlan, KLevelsYieldWhatTheNextTakes) {
  UNetConfig config = config_of(LevelType::K, {32, 64});
  UNetPlan shapes = plan(config);
  EXPECT_EQ(inputs(shapes.up[0]), (std::vector<std::int64_t>{128, 64}));
  EXPECT_EQ(shapes.up[0].resnets[1].out_channels, 32);
  EXPECT_EQ(shapes.smallest_side, 4);
  config = config_of(LevelType::KAttention, {64, 64});
  config.time_embedding_dim = 64;
  shapes = plan(config);
  EXPECT_EQ(inputs(shapes.up[0]), (std::vector<std::int64_t>{64, 64}));  // joins nothing
  EXPECT_TRUE(shapes.up[0].attentions[0].twice);
  EXPECT_FALSE(shapes.down[0].attentions[0].twice);
  EXPECT_TRUE(shapes.down[1].attentions[0].twice);
}

TEST(UNetPlan, ResamplesAttentionLevelsAsAsked) {
  UNetConfig config = config_of(LevelType::Attention, {8, 16});
  config.downsample_type = Resampling::Resnet;
  EXPECT_EQ(plan(config).down[0].resampling, Resampling::Resnet);
  EXPECT_EQ(plan(config).up[0].resampling, Resampling::Convolution);
  config.down_block_types[0] = LevelType::Plain;  // which has no choice
  EXPECT_EQ(plan(config).down[0].resampling, Resampling::Convolution);
}

TEST(UNetPlan, RefusesListsOfAnotherLength) {
  UNetConfig config = config_of(LevelType::Plain, {8, 16});
  config.up_block_types.pop_back();
  EXPECT_THROW(plan(config), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::nets
