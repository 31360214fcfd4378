// Tiles are those of diffusers; an image of one tile is not divided.
#include "models/nets/tiles.h"

#include "models/nets/weights.h"
#include "tests/support/support.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

class Tiles : public ::testing::Test {
 protected:
  Tiles() {
    AutoencoderConfig config;
    config.in_channels = config.out_channels = config.latent_channels = 2;
    config.block_out_channels = {8, 8};
    config.norm_num_groups = 4;
    config.sample_size = 16;
    net = Autoencoder(config);
    NamedTensors weights;
    for (const auto& [name, tensor] : oracle)
      if (name.starts_with("weight.")) weights[name.substr(7)] = tensor;
    assign_tensors(*net, weights, "the oracle");
    net->eval();
  }
  const NamedTensors oracle = load_tensors(ctforge::test::source_dir() / "tests/oracle/nets_tiles.safetensors").tensors;
  Autoencoder net{nullptr};
  torch::NoGradGuard no_grad;
};

TEST_F(Tiles, AreThoseOfDiffusers) {
  const Tiling tiling{8, 0.25};
  const Moments moments = encode_tiled(net, oracle.at("x"), tiling);
  EXPECT_TRUE(torch::allclose(moments.mean, oracle.at("mean"), 0, 1e-5));
  EXPECT_TRUE(torch::allclose(moments.logvar, oracle.at("logvar"), 0, 1e-5));
  EXPECT_TRUE(torch::allclose(decode_tiled(net, oracle.at("mean"), tiling), oracle.at("y"), 0, 1e-5));
}

TEST_F(Tiles, OneTileIsTheWholeImage) {
  const auto x = oracle.at("x").narrow(2, 0, 16).narrow(3, 0, 16);
  const auto whole = net->encode(x).mean;
  for (const std::int64_t tile : {0, 8, 100}) {
    EXPECT_TRUE(torch::equal(encode_tiled(net, x, {tile, 0.25}).mean, whole));
    EXPECT_TRUE(torch::equal(decode_tiled(net, whole, {tile, 0.25}), net->decode(whole)));
  }
}

TEST_F(Tiles, RefuseWhatIsOutOfRange) {
  const auto x = oracle.at("x");
  EXPECT_THROW(encode_tiled(net, x, {-1, 0.25}), std::invalid_argument);
  EXPECT_THROW(decode_tiled(net, oracle.at("mean"), {8, 0.75}), std::invalid_argument);
  EXPECT_THROW(encode_tiled(net, x.narrow(2, 0, 39), {8, 0.25}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::nets
