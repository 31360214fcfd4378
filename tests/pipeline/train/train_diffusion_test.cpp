// Networks that cannot be made are refused.
#include "pipeline/train/train_diffusion.h"

#include "pipeline/config/config_tree.h"
#include "tests/pipeline/train/train_support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(UNetConfigOf, HasOneClassMoreAndFitsTheLatents) {
  const TrainConfig config = support::small_config();
  const auto net = unet_config(config, {4, 8, 8}, 5);
  EXPECT_EQ(net.num_class_embeds, 6);
  EXPECT_EQ(net.in_channels, 4);
  EXPECT_EQ(net.down_block_types, (std::vector<nets::LevelType>{nets::LevelType::Plain, nets::LevelType::Attention}));
  EXPECT_EQ(net.up_block_types, (std::vector<nets::LevelType>{nets::LevelType::Attention, nets::LevelType::Plain}));
  EXPECT_THROW(unet_config(config, {4, 7, 8}, 5), ConfigError);
  TrainConfig wrong = config;
  wrong.unet.head_dim = 64;
  EXPECT_THROW(unet_config(wrong, {4, 8, 8}, 5), ConfigError);
}

}  // namespace
}  // namespace ctforge::pipeline
