// The autoencoder against diffusers' AutoencoderKL, the divergence against its closed form.
#include "models/nets/autoencoder.h"

#include "models/nets/diffusers.h"
#include "tests/models/nets/reference.h"

#include <cmath>
#include <stdexcept>

#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

using test::difference;
using torch::Tensor;

AutoencoderConfig small_autoencoder() {
  AutoencoderConfig config;
  config.in_channels = config.out_channels = 4;
  config.block_out_channels = {8, 16};
  config.norm_num_groups = 4;
  return config;
}

class AutoencoderReference : public testing::TestWithParam<const char*> {};

TEST_P(AutoencoderReference, AgreesWithDiffusers) {
  const auto reference = test::read_reference(GetParam());
  Autoencoder net(autoencoder_config_from_json(reference.config));
  assign_tensors(*net, test::weights_of(reference, *net), "the reference weights");
  const torch::NoGradGuard no_grad;
  const auto& v = reference.values;
  const Moments moments = net->encode(v.at("x"));
  EXPECT_LT(difference(moments.mean, v.at("mean")), 1e-5);
  EXPECT_LT(difference(moments.logvar, v.at("logvar")), 1e-5);
  EXPECT_LT(difference(moments.kl(), v.at("kl")), 1e-3);
  EXPECT_LT(difference(net->decode(v.at("z")), v.at("y")), 1e-5);
}
INSTANTIATE_TEST_SUITE_P(All, AutoencoderReference, testing::Values("vae_three_levels", "vae_plain", "vae_attention"));

TEST(Moments, DivergenceAndSampleMatchTheirFormulas) {
  const Moments m{torch::full({1, 1, 1, 2}, 3.0), torch::full({1, 1, 1, 2}, std::log(4.0))};
  // Two elements of N(3, 4): (9 + 4 - 1 - ln 4) / 2 each.
  EXPECT_NEAR(m.kl().item<double>(), 12 - std::log(4.0), 1e-5);
  EXPECT_NEAR(m.sample(torch::ones({1, 1, 1, 2})).mean().item<double>(), 5, 1e-6);
}

TEST(Autoencoder, GradientsReachEveryParameter) {
  torch::manual_seed(0);
  Autoencoder net(small_autoencoder());
  const Moments moments = net->encode(torch::randn({2, 4, 8, 8}));
  const Tensor y = net->decode(moments.sample(torch::randn(moments.mean.sizes())));
  EXPECT_EQ(y.sizes(), (std::vector<std::int64_t>{2, 4, 8, 8}));
  (y.square().mean() + moments.kl().mean()).backward();
  for (const auto& item : net->named_parameters()) EXPECT_TRUE(item.value().grad().defined()) << item.key();
}

TEST(Autoencoder, KeepsTheImagesPrecisionUnderAutomaticCasting) {
  torch::manual_seed(0);
  Autoencoder net(small_autoencoder());
  const torch::NoGradGuard no_grad;
  const Tensor z = torch::randn({2, 4, 4, 4}), exact = net->decode(z);
  at::autocast::set_autocast_enabled(at::kCPU, true);  // bfloat16 unless told otherwise
  const Tensor y = net->decode(z);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  EXPECT_EQ(y.scalar_type(), torch::kFloat32);
  EXPECT_FALSE(y.equal(y.to(torch::kBFloat16).to(torch::kFloat32)));
  EXPECT_FALSE(y.equal(exact));  // what comes before was cast
  EXPECT_LT(difference(y, exact), 0.02 * exact.abs().max().item<double>());
}

TEST(Autoencoder, ClampsTheLogVariance) {
  Autoencoder net(small_autoencoder());
  const torch::NoGradGuard no_grad;
  named_tensors(*net).at("quant_conv.bias").slice(0, 4).fill_(1e6);
  EXPECT_EQ(net->encode(torch::zeros({1, 4, 8, 8})).logvar.max().item<double>(), 20);
}

TEST(Autoencoder, RefusesWrongShapesAndConfigurations) {
  Autoencoder net(small_autoencoder());
  EXPECT_EQ(net->factor(), 2);
  EXPECT_THROW(net->encode(torch::zeros({1, 4, 7, 8})), std::invalid_argument);
  EXPECT_THROW(net->decode(torch::zeros({1, 3, 4, 4})), std::invalid_argument);
  EXPECT_THROW(net->set_latent_statistics({0}, {1}), std::invalid_argument);
  EXPECT_THROW(net->set_latent_statistics({0, 0, 0, 0}, {1, 1, 0, 1}), std::invalid_argument);
  AutoencoderConfig config = small_autoencoder();
  config.block_out_channels = {6};
  EXPECT_THROW(Autoencoder{config}, std::invalid_argument);
  const auto refused = [](auto change) {
    AutoencoderConfig other = small_autoencoder();
    change(other);
    EXPECT_THROW(validate(other), std::invalid_argument);
  };
  refused([](AutoencoderConfig& c) { c.layers_per_block = 0; });  // and channels that differ
  refused([](AutoencoderConfig& c) { c.down_attention = {true}; });
  refused([](AutoencoderConfig& c) { c.latents_mean = {0.1}; });
  refused([](AutoencoderConfig& c) { c.latents_std = {1, 1, 0, 1}; });
  refused([](AutoencoderConfig& c) { c.act_fn = Activation::None; });
}

}  // namespace
}  // namespace ctforge::nets
