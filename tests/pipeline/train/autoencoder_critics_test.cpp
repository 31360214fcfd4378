// Losses are 0 for equal images, pull the right way, and reach only whom they are for.
#include "pipeline/train/autoencoder_critics.h"

#include "io/file/fault.h"
#include "pipeline/evaluate/evaluate_inputs.h"

#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>

namespace ctforge::pipeline {
namespace {

TEST(PerceptualLoss, IsZeroForEqualImagesAndGrowsWithBlur) {
  const auto weights = find_lite0("auto");
  if (!weights) GTEST_SKIP() << "the weights of EfficientNet-Lite0 are not here";
  PerceptualLoss loss(*weights, torch::kCPU);
  torch::manual_seed(1);
  const auto image = torch::rand({2, 1, 64, 64}) * 2 - 1;
  const auto blurred = torch::avg_pool2d(image, 3, 1, 1), more = torch::avg_pool2d(image, 7, 1, 3);
  EXPECT_NEAR(loss(image, image).item<double>(), 0, 1e-6);
  EXPECT_LT(loss(blurred, image).item<double>(), loss(more, image).item<double>());
  auto decoded = blurred.clone().requires_grad_(true);
  loss(decoded, image).backward();
  EXPECT_GT(decoded.grad().abs().sum().item<double>(), 0);
}

TEST(PerceptualLoss, NeedsItsWeights) { EXPECT_THROW(PerceptualLoss("/nowhere", torch::kCPU), io::DataError); }

TEST(AdversarialLoss, ReachesOnlyWhomItIsFor) {
  torch::manual_seed(1);
  nets::Discriminator net(1, 8, 2);
  const auto image = torch::randn({2, 1, 32, 32});
  auto decoded = torch::randn({2, 1, 32, 32}).requires_grad_(true);
  const auto loss = adversarial_loss(net, decoded, image);
  loss.generator.backward();
  EXPECT_TRUE(decoded.grad().defined());
  for (const auto& parameter : net->parameters()) EXPECT_FALSE(parameter.grad().defined());
  const auto before = decoded.grad().clone();
  loss.discriminator.backward();
  EXPECT_TRUE(torch::equal(decoded.grad(), before));
  for (const auto& parameter : net->parameters()) EXPECT_TRUE(parameter.grad().defined());
  EXPECT_TRUE(net->parameters()[0].requires_grad());
}

TEST(Balance, IsTheRatioOfThePulls) {
  torch::nn::Linear layer(1, 1);
  const auto loss = layer->weight.square().sum();
  EXPECT_NEAR(balance(3 * loss, loss, layer->weight).item<double>(), 3, 0.01);
  EXPECT_NEAR(balance(loss, 0 * loss, layer->weight).item<double>(), 1e4, 1e3 * 10);
}

}  // namespace
}  // namespace ctforge::pipeline
