// The U-Net against diffusers' UNet2DModel, its gradients, types and refusals.
#include "models/nets/unet.h"

#include "models/nets/diffusers.h"
#include "tests/models/nets/reference.h"

#include <stdexcept>

#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

using test::difference;
using torch::Tensor;

UNetConfig small_unet() {
  UNetConfig config;
  config.in_channels = config.out_channels = 3;
  config.block_out_channels = {8, 16};
  set_attention(config, {false, true});
  config.layers_per_block = 1;
  config.attention_head_dim = 8;
  config.norm_num_groups = 4;
  config.num_class_embeds = 3;
  return config;
}

class UNetReference : public testing::TestWithParam<const char*> {};

TEST_P(UNetReference, AgreesWithDiffusers) {
  const auto reference = test::read_reference(GetParam());
  UNet net(unet_config_from_json(reference.config));
  assign_tensors(*net, test::weights_of(reference, *net), "the reference weights");
  net->eval();
  const torch::NoGradGuard no_grad;
  const auto& v = reference.values;
  const Tensor labels = v.contains("labels") ? v.at("labels") : Tensor();
  const Tensor expected = v.at("y");
  EXPECT_LT(difference(net(v.at("x"), v.at("c_noise"), labels), expected), 1e-5);
  const Tensor last = v.at("x").contiguous(torch::MemoryFormat::ChannelsLast);
  net->to(torch::kFloat64);
  EXPECT_LT(difference(net(last.to(torch::kFloat64), v.at("c_noise"), labels), expected), 1e-5);
}
INSTANTIATE_TEST_SUITE_P(All, UNetReference,
                         testing::Values("unet_classes", "unet_padding", "unet_shortcuts", "unet_uneven",
                                         "unet_film_fourier", "unet_learned", "unet_identity", "unet_skip",
                                         "unet_attention_skip", "unet_k", "unet_k_attention"));

TEST(UNet, GradientsReachEveryParameter) {
  torch::manual_seed(0);
  UNet net(small_unet());
  const Tensor x = torch::randn({3, 3, 8, 8}).requires_grad_(true);
  net(x, torch::tensor({0.1F, 0.5F, 2.0F}), torch::tensor({0, 1, 2})).square().sum().backward();
  EXPECT_GT(x.grad().abs().sum().item<double>(), 0);
  for (const auto& item : net->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    // Softmax does not see a constant added to all keys.
    if (item.key().find("to_k.bias") != std::string::npos) continue;
    EXPECT_GT(item.value().grad().abs().sum().item<double>(), 0) << item.key();
  }
}

TEST(UNet, StaysCloseUnderAutocast) {
  torch::manual_seed(0);
  UNet net(small_unet());
  const Tensor x = torch::randn({2, 3, 8, 8}), c_noise = torch::tensor({0.1F, 0.5F}), labels = torch::tensor({0, 2});
  const Tensor exact = net(x, c_noise, labels);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const Tensor fast = net(x, c_noise, labels);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  EXPECT_EQ(fast.scalar_type(), torch::kBFloat16);
  EXPECT_LT(difference(fast, exact), 3e-2 * exact.abs().max().item<double>());
  fast.to(torch::kFloat32).sum().backward();
  EXPECT_EQ(net->parameters()[0].grad().scalar_type(), torch::kFloat32);
}

TEST(UNet, RunsInBfloat16) {
  torch::manual_seed(0);
  UNet net(small_unet());
  const Tensor x = torch::randn({2, 3, 8, 8}), c_noise = torch::tensor({0.1F, 0.5F}), labels = torch::tensor({0, 2});
  const Tensor exact = net(x, c_noise, labels);
  net->to(torch::kBFloat16);
  EXPECT_LT(difference(net(x.to(torch::kBFloat16), c_noise, labels), exact), 5e-2 * exact.abs().max().item<double>());
}

TEST(UNet, RefusesWrongInput) {
  UNet net(small_unet());
  const Tensor c_noise = torch::zeros({1}), labels = torch::zeros({1}, torch::kLong);
  EXPECT_THROW(net(torch::zeros({1, 3, 7, 8}), c_noise, labels), std::invalid_argument);
  EXPECT_THROW(net(torch::zeros({1, 2, 8, 8}), c_noise, labels), std::invalid_argument);
  EXPECT_THROW(net(torch::zeros({1, 3, 8, 8}), c_noise), std::invalid_argument);
  UNetConfig config = small_unet();
  config.num_class_embeds = 0;
  UNet unconditional(config);
  EXPECT_THROW(unconditional(torch::zeros({1, 3, 8, 8}), c_noise, labels), std::invalid_argument);
}

TEST(UNet, RefusesImpossibleConfigurations) {
  UNetConfig config = small_unet();
  config.block_out_channels = {8, 18};
  EXPECT_THROW(UNet{config}, std::invalid_argument);
}

TEST(UNet, TakesLabelsOfTheKindItWasMadeFor) {
  const Tensor x = torch::zeros({2, 3, 8, 8}), c_noise = torch::zeros({2});
  UNetConfig config = small_unet();
  config.num_class_embeds = 0;
  config.class_embed_type = ClassEmbedType::Timestep;
  UNet timestep(config);
  EXPECT_EQ(timestep(x, c_noise, torch::tensor({0.5F, 7.0F})).sizes(), x.sizes());
  EXPECT_THROW(timestep(x, c_noise), std::invalid_argument);
  EXPECT_THROW(timestep(x, c_noise, torch::zeros({2, 32})), std::invalid_argument);
  config.class_embed_type = ClassEmbedType::Identity;
  UNet identity(config);
  EXPECT_EQ(identity(x, c_noise, torch::zeros({2, 32})).sizes(), x.sizes());
  EXPECT_THROW(identity(x, c_noise, torch::zeros({2})), std::invalid_argument);
  EXPECT_THROW(identity(x, c_noise, torch::zeros({2, 31})), std::invalid_argument);
}

TEST(UNet, RefusesNoiseLevelsThatItsEmbeddingDoesNotTake) {
  const Tensor x = torch::zeros({1, 3, 8, 8}), labels = torch::zeros({1}, torch::kLong);
  UNetConfig config = small_unet();
  config.time_embedding_type = TimeEmbeddingType::Fourier;
  UNet fourier(config);
  EXPECT_THROW(fourier(x, torch::zeros({1}), labels), std::invalid_argument);
  config.time_embedding_type = TimeEmbeddingType::Learned;
  config.num_train_timesteps = 10;
  UNet learned(config);
  EXPECT_THROW(learned(x, torch::full({1}, 10.0F), labels), std::invalid_argument);
  EXPECT_EQ(learned(x, torch::full({1}, 9.0F), labels).sizes(), x.sizes());
}

TEST(UNet, WithReflectedBordersNeedsTwoPixels) {
  UNetConfig config = small_unet();
  config.block_out_channels = {32, 32};
  config.down_block_types = {LevelType::K, LevelType::K};
  config.up_block_types = {LevelType::K, LevelType::K};
  UNet net(config);
  const Tensor c_noise = torch::zeros({1}), labels = torch::zeros({1}, torch::kLong);
  EXPECT_THROW(net(torch::zeros({1, 3, 8, 2}), c_noise, labels), std::invalid_argument);
  EXPECT_EQ(net(torch::zeros({1, 3, 8, 4}), c_noise, labels).size(3), 4);
}

TEST(UNet, DropoutActsInTrainingOnly) {
  UNetConfig config = small_unet();
  config.dropout = 0.5;
  UNet net(config);
  const Tensor x = torch::randn({1, 3, 8, 8}), c_noise = torch::zeros({1}), labels = torch::zeros({1}, torch::kLong);
  EXPECT_GT(difference(net(x, c_noise, labels), net(x, c_noise, labels)), 0);
  net->eval();
  EXPECT_EQ(difference(net(x, c_noise, labels), net(x, c_noise, labels)), 0);
}

}  // namespace
}  // namespace ctforge::nets
