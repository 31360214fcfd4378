// Labels are dropped as often as asked, and networks that cannot be made are refused.
#include "pipeline/train_diffusion.h"

#include "pipeline/config_tree.h"
#include "tests/pipeline/train_support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(DropLabels, DropsThePartAskedFor) {
  torch::Generator generator = seeded(2);
  const auto labels = torch::full({20000}, 1, torch::kInt64);
  const auto dropped = drop_labels(labels, 0.1, 3, generator);
  EXPECT_NEAR(dropped.eq(3).to(torch::kFloat64).mean().item<double>(), 0.1, 0.01);
  EXPECT_TRUE(dropped.eq(3).logical_or(dropped.eq(1)).all().item<bool>());
  EXPECT_TRUE(torch::equal(drop_labels(labels, 0, 3, generator), labels));
  EXPECT_TRUE(drop_labels(labels, 1, 3, generator).eq(3).all().item<bool>());
}

TEST(UNetConfigOf, HasOneClassMoreAndFitsTheLatents) {
  const TrainConfig config = test::small_config();
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
