// The autoencoder's loss against values worked out by hand and its weights of labels.
#include "pipeline/train/train_autoencoder.h"

#include "pipeline/config/config_tree.h"
#include "tests/pipeline/train/train_support.h"
#include "tests/support/support.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::pipeline {
namespace {

TEST(AutoencoderLoss, PartsAreThoseOfAHandComputedCase) {
  AutoencoderTraining config;
  const auto image = torch::zeros({1, 1, 2, 2});
  const auto mask = torch::tensor({0, 0, 0, 1}, torch::kUInt8).view({1, 2, 2});
  // CT off by 0, 0, 0, 0.4: differences between neighbours off by 0, 0.4 in y and in x. Logits say nothing.
  auto output = torch::zeros({1, 3, 2, 2});
  output[0][0][1][1] = 0.4;
  output.requires_grad_(true);
  const nets::Moments moments{torch::full({1, 2, 1, 1}, 0.5), torch::zeros({1, 2, 1, 1})};
  const auto weights = torch::tensor({0.5F, 2.5F});
  const auto loss = autoencoder_loss(config, image, mask, output, moments, weights);
  EXPECT_NEAR(loss.l1.item<double>(), 0.1, 1e-6);
  EXPECT_NEAR(loss.gradient.item<double>(), 0.2, 1e-6);
  EXPECT_NEAR(loss.cross_entropy.item<double>(), std::log(2) * (3 * 0.5 + 2.5) / 4, 1e-6);
  EXPECT_NEAR(loss.dice.item<double>(), 1 - 2 * 0.5 / (2 + 1), 1e-6);
  EXPECT_NEAR(loss.kl.item<double>(), 0.125, 1e-6);  // mean^2 / 2 an element
  EXPECT_NEAR(loss.total.item<double>(),
              0.1 + config.gradient_weight * 0.2 + config.mask_weight * std::log(2) + config.dice_weight * 2 / 3 +
                  config.kl_weight * 0.125,
              1e-6);
  loss.total.backward();
  EXPECT_TRUE(output.grad().abs().sum().item<double>() > 0);
}

TEST(TrainAutoencoder, RefusesADiscriminatorOfPatchesTooSmallForIt) {
  const ctforge::test::TemporaryFolder folder;
  TrainConfig config = support::small_config();
  config.autoencoder.adversarial_weight = 0.1;
  config.autoencoder.adversarial_start = 0;
  EXPECT_THROW(support::trained_in(folder / "run", config), ConfigError);  // 16 x 16
}

TEST(AutoencoderLoss, BeyondTheEndsOfTheWindowThereIsNoError) {
  const auto image = torch::tensor({-1.0F, 1.0F, -1.0F, 0.9F}).view({1, 1, 1, 4});
  const auto mask = torch::zeros({1, 1, 4}, torch::kUInt8);
  // Below the low end and above the high end, where the image is clipped too; then within; then above an image that is
  // not clipped.
  auto output = torch::zeros({1, 2, 1, 4});
  output.narrow(1, 0, 1).copy_(torch::tensor({-1.5F, 1.2F, -0.9F, 1.3F}).view({1, 1, 1, 4}));
  output.requires_grad_(true);
  const nets::Moments moments{torch::zeros({1, 1, 1, 1}), torch::zeros({1, 1, 1, 1})};
  AutoencoderTraining config;
  config.gradient_weight = config.mask_weight = config.dice_weight = 0;
  const auto loss = autoencoder_loss(config, image, mask, output, moments, torch::ones({1}));
  EXPECT_NEAR(loss.l1.item<double>(), (0.1 + 0.4) / 4, 1e-6);
  loss.total.backward();
  EXPECT_TRUE(torch::equal(output.grad()[0][0][0], torch::tensor({0.0F, 0.0F, 0.25F, 0.25F})));
}

TEST(AutoencoderLoss, LabelWeightsFollowTheFrequency) {
  const auto inverse = label_weights({0.9, 0.1, 0}, 1);
  EXPECT_NEAR(inverse[1] / inverse[0], 9, 1e-9);
  EXPECT_NEAR(0.9 * inverse[0] + 0.1 * inverse[1], 1, 1e-9);
  EXPECT_EQ(inverse[2], 1);
  EXPECT_EQ(label_weights({0.9, 0.1}, 0), (std::vector<double>{1, 1}));
}

TEST(AutoencoderConfig, RefusesWhatDoesNotFit) {
  io::ShardInfo patches;
  patches.height = patches.width = 18;
  patches.labels = {"background", "organ"};
  AutoencoderTraining config;
  EXPECT_THROW(autoencoder_config(config, patches), ConfigError);  // 18 is no multiple of 4
  patches.height = patches.width = 16;
  EXPECT_EQ(autoencoder_config(config, patches).in_channels, 3);
  config.norm_groups = 7;
  EXPECT_THROW(autoencoder_config(config, patches), ConfigError);
}

}  // namespace
}  // namespace ctforge::pipeline
