// Scalars of a U-Net's configuration.
#include "models/nets/unet_config.h"

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ctforge::nets {
namespace {

TEST(UNetConfig, DefaultsMakeANetwork) {
  const UNetConfig config;
  EXPECT_NO_THROW(validate(config));
  EXPECT_EQ(config.time_channels(), 256);
  EXPECT_FALSE(config.conditional());
}

TEST(UNetConfig, AttentionIsTheSameBothWays) {
  UNetConfig config;
  set_attention(config, {true, false, false});
  EXPECT_EQ(config.down_block_types,
            (std::vector<LevelType>{LevelType::Attention, LevelType::Plain, LevelType::Plain}));
  EXPECT_EQ(config.up_block_types, (std::vector<LevelType>{LevelType::Plain, LevelType::Plain, LevelType::Attention}));
}

TEST(UNetConfig, NamesLevelsAsDiffusersDoes) {
  EXPECT_EQ(down_block_name(LevelType::Resnet), "ResnetDownsampleBlock2D");
  EXPECT_EQ(up_block_name(LevelType::AttentionSkip), "AttnSkipUpBlock2D");
  EXPECT_EQ(up_block_name(LevelType::KAttention), "KCrossAttnUpBlock2D");
  EXPECT_TRUE(has_pyramid(LevelType::Skip));
  EXPECT_FALSE(has_k_blocks(LevelType::Skip));
}

TEST(UNetConfig, RefusesWithTheFieldsName) {
  const auto refused = [](const std::string& field, auto change) {
    UNetConfig config;
    change(config);
    try {
      validate(config);
      ADD_FAILURE() << field;
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(std::string(error.what()).rfind("UNetConfig." + field, 0), 0U) << error.what();
    }
  };
  refused("down_block_types", [](UNetConfig& c) { c.down_block_types.pop_back(); });
  refused("up_block_types", [](UNetConfig& c) { c.up_block_types.clear(); });
  refused("block_out_channels", [](UNetConfig& c) { c.block_out_channels = {}; });
  refused("block_out_channels", [](UNetConfig& c) { c.block_out_channels[1] = 0; });
  refused("attention_head_dim", [](UNetConfig& c) { c.attention_head_dim = 256; });
  refused("downsample_padding", [](UNetConfig& c) { c.downsample_padding = 2; });
  refused("dropout", [](UNetConfig& c) { c.dropout = 1; });
  refused("freq_shift", [](UNetConfig& c) { c.freq_shift = 32; });
  refused("freq_shift", [](UNetConfig& c) { c.freq_shift = -std::numeric_limits<double>::infinity(); });
  refused("layers_per_block", [](UNetConfig& c) { c.layers_per_block = -1; });
  refused("norm_eps", [](UNetConfig& c) { c.norm_eps = 0; });
  refused("mid_block_scale_factor", [](UNetConfig& c) { c.mid_block_scale_factor = 0; });
  refused("time_embedding_dim", [](UNetConfig& c) { c.time_embedding_dim = -1; });
  refused("num_train_timesteps", [](UNetConfig& c) { c.time_embedding_type = TimeEmbeddingType::Learned; });
  refused("downsample_type", [](UNetConfig& c) { c.upsample_type = Resampling::Filter; });
  refused("act_fn", [](UNetConfig& c) { c.act_fn = Activation::LeakyRelu; });
  refused("norm_num_groups", [](UNetConfig& c) { c.norm_num_groups = -1; });
  refused("num_class_embeds", [](UNetConfig& c) { c.num_class_embeds = -1; });
}

}  // namespace
}  // namespace ctforge::nets
