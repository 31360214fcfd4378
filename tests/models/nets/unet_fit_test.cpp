// Which levels fit each other: what diffusers 0.42 was seen to run, and to fail on.
#include "models/nets/unet_fit.h"

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ctforge::nets {
namespace {

using enum LevelType;

UNetConfig config_of(std::vector<LevelType> down, std::vector<LevelType> up) {
  UNetConfig config;
  config.block_out_channels.assign(down.size(), 32);
  config.down_block_types = std::move(down);
  config.up_block_types = std::move(up);
  config.in_channels = config.out_channels = 3;
  config.layers_per_block = 1;
  config.norm_num_groups = 4;
  config.attention_head_dim = 8;
  return config;
}

std::string misfit(const UNetConfig& config) {
  try {
    check_fit(config, plan(config));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "fits";
}

TEST(UNetFit, LevelsNeedNotBeTheSameBothWays) {
  EXPECT_EQ(misfit(config_of({Plain, Attention, Resnet}, {Attention, Resnet, Plain})), "fits");
  EXPECT_EQ(misfit(config_of({Skip, AttentionSkip, Plain}, {Plain, Resnet, Attention})), "fits");
  EXPECT_EQ(misfit(config_of({Plain, Plain}, {Skip, AttentionSkip})), "fits");
  EXPECT_EQ(misfit(config_of({Plain, Plain}, {Plain, Skip})), "fits");  // whose picture is never begun
  EXPECT_EQ(misfit(config_of({Plain, K}, {Plain, Plain})), "fits");     // which does not halve
  EXPECT_EQ(misfit(config_of({K, K, K}, {K, K, K})), "fits");
}

TEST(UNetFit, APyramidIsWhole) {
  EXPECT_NE(misfit(config_of({Plain, Skip, Plain}, {Plain, Plain, Plain})).find("SkipDownBlock2D of level 1"),
            std::string::npos);
  EXPECT_NE(misfit(config_of({Plain, Plain}, {Skip, Plain})).find("up_block_types"), std::string::npos);
  UNetConfig config = config_of({Skip, Plain}, {Plain, Plain});
  config.in_channels = 1;
  EXPECT_NE(misfit(config).find("in_channels = 3"), std::string::npos);
  config = config_of({Plain, Plain}, {Skip, Skip});
  config.out_channels = 1;
  EXPECT_NE(misfit(config).find("out_channels = 3"), std::string::npos);
}

TEST(UNetFit, KLevelsLeaveNoHalvedPicture) {
  EXPECT_NE(misfit(config_of({K, K}, {Plain, Plain})), "fits");
  EXPECT_NE(misfit(config_of({Plain, Plain}, {K, Plain})), "fits");
  UNetConfig config = config_of({K, K}, {K, K});
  config.layers_per_block = 0;
  EXPECT_NE(misfit(config).find("layers_per_block"), std::string::npos);
  config = config_of({K, K}, {K, K});
  config.block_out_channels = {16, 32};
  EXPECT_NE(misfit(config).find("KDownBlock2D of level 0: 16 channels are too few"), std::string::npos);
}

TEST(UNetFit, KAttentionIsKnownByItsChannels) {
  UNetConfig config = config_of({K, KAttention, KAttention}, {KAttention, KAttention, K});
  config.block_out_channels = {32, 64, 64};
  EXPECT_NE(misfit(config), "fits");
  config.time_embedding_dim = 64;
  EXPECT_EQ(misfit(config), "fits");
  config.up_block_types[0] = Plain;
  EXPECT_NE(misfit(config).find("leaves empty"), std::string::npos);
}

TEST(UNetFit, GroupsDivideAndHeadsFit) {
  UNetConfig config = config_of({Plain, Plain}, {Plain, Plain});
  config.block_out_channels = {32, 34};
  EXPECT_NE(misfit(config).find("34 channels are not a multiple of the 4 groups"), std::string::npos);
  config = config_of({Plain, Plain}, {Plain, Plain});
  config.attention_head_dim = 33;
  EXPECT_NE(misfit(config).find("33 is more than the 32 channels of the middle"), std::string::npos);
  config.mid_block = false;
  EXPECT_EQ(misfit(config), "fits");
  config.norm_num_groups = 0;
  EXPECT_NE(misfit(config).find("norm_num_groups is null"), std::string::npos);
  EXPECT_NE(misfit(config_of({AttentionSkip}, {Plain})), "");
}

TEST(UNetFit, WithoutLayersChannelsMustStayTheSame) {
  UNetConfig config = config_of({Plain, Attention}, {Attention, Plain});
  config.layers_per_block = 0;
  EXPECT_EQ(misfit(config), "fits");
  config.block_out_channels = {32, 64};
  EXPECT_NE(misfit(config), "fits");
}

}  // namespace
}  // namespace ctforge::nets
