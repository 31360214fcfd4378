// Codecs: round trips, analog bits by hand, scaling by hand.
#include "models/diffusion/codec.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::diffusion {
namespace {

TEST(AnalogBits, CountsBits) {
  EXPECT_EQ(bit_count(1), 0);
  EXPECT_EQ(bit_count(2), 1);
  EXPECT_EQ(bit_count(3), 2);
  EXPECT_EQ(bit_count(4), 2);
  EXPECT_EQ(bit_count(6), 3);
  EXPECT_EQ(bit_count(256), 8);
  EXPECT_THROW(bit_count(0), std::invalid_argument);
  EXPECT_THROW(bit_count(257), std::invalid_argument);
}

TEST(AnalogBits, WritesLeastSignificantBitFirst) {
  const auto bits = to_analog_bits(torch::tensor({{{5, 2}}}, torch::kUInt8), 6, 0.5);  // [1,3,1,2]
  const auto expected = torch::tensor({0.5, -0.5, -0.5, 0.5, 0.5, -0.5}).view({1, 3, 1, 2});
  EXPECT_TRUE(bits.equal(expected.to(torch::kFloat32)));
}

TEST(AnalogBits, ReturnsEveryLabelThroughNoise) {
  torch::manual_seed(1);
  for (const std::int64_t labels : {1, 2, 5, 6, 8, 200, 256}) {
    const auto mask = (torch::arange(2 * 16 * 16, torch::kInt64) % labels).view({2, 16, 16}).to(torch::kUInt8);
    const auto bits = to_analog_bits(mask, labels, 2);
    EXPECT_TRUE(from_analog_bits(bits + (torch::rand_like(bits) - 0.5), labels).equal(mask)) << labels;
  }
}

TEST(AnalogBits, NeverGivesAValueThatIsNoLabel) {
  // All bits set is code 7, none of 6 labels. Among 0 to 5 the nearest drops the second bit: 5.
  const auto bits = torch::tensor({0.2, 0.5, 1.0}).view({1, 3, 1, 1});
  EXPECT_EQ(from_analog_bits(bits, 6).item<int>(), 5);
  EXPECT_LT(from_analog_bits(torch::randn({4, 3, 32, 32}), 6).max().item<int>(), 6);
}

TEST(IdentityCodec, ReturnsImageAndMask) {
  const auto codec = identity_codec(8, 12, 6, 1);
  EXPECT_EQ(codec.shape, (std::vector<std::int64_t>{4, 8, 12}));
  const auto image = torch::rand({3, 1, 8, 12}) * 2 - 1;
  const auto mask = torch::randint(6, {3, 8, 12}, torch::kInt64).to(torch::kUInt8);
  const auto x0 = codec.encode(image, mask);
  EXPECT_EQ(x0.sizes(), at::IntArrayRef({3, 4, 8, 12}));
  const auto decoded = codec.decode(x0.to(torch::kFloat64));
  EXPECT_TRUE(decoded.image.equal(image));
  EXPECT_TRUE(decoded.mask.equal(mask));
  EXPECT_EQ(decoded.mask.scalar_type(), torch::kUInt8);
}

TEST(IdentityCodec, ClampsTheImageToTheWindow) {
  const auto codec = identity_codec(1, 2, 1);
  const auto decoded = codec.decode(torch::tensor({-1.5F, 3.0F}).view({1, 1, 1, 2}));
  EXPECT_TRUE(decoded.image.flatten().equal(torch::tensor({-1.0F, 1.0F})));
  EXPECT_EQ(decoded.mask.max().item<int>(), 0);
}

TEST(IdentityCodec, RefusesOtherShapesAndValuesThatAreNoLabels) {
  const auto codec = identity_codec(4, 4, 3);
  const auto mask = torch::zeros({1, 4, 4}, torch::kUInt8);
  EXPECT_THROW(codec.encode(torch::zeros({1, 1, 4, 4}), mask + 3), std::invalid_argument);
  EXPECT_THROW(codec.encode(torch::zeros({1, 1, 5, 5}), torch::zeros({1, 5, 5}, torch::kUInt8)), std::invalid_argument);
  EXPECT_THROW(codec.decode(torch::zeros({1, 2, 4, 4})), std::invalid_argument);
  EXPECT_THROW(identity_codec(4, 4, 3, 0), std::invalid_argument);
}

// A stand-in for a network: raw latents are 2 x image + channel index, logits favour label 1.
Autoencoder toy() {
  Autoencoder autoencoder;
  autoencoder.encode = [](const torch::Tensor& image, const torch::Tensor&) {
    return torch::cat({2 * image, 2 * image + 1}, 1);
  };
  autoencoder.decode = [](const torch::Tensor& latents) {
    const auto image = latents.narrow(1, 0, 1) / 2;
    return Autoencoder::Output{image, torch::cat({image * 0, image * 0 + 1, image * 0 - 1}, 1)};
  };
  return autoencoder;
}

TEST(LatentCodec, ShiftsAndScalesEachChannelAndBack) {
  const auto codec = latent_codec(toy(), torch::tensor({0.0F, 1.0F}), torch::tensor({0.5F, 4.0F}), {2, 2, 2});
  const auto image = torch::rand({3, 1, 2, 2});
  const auto x0 = codec.encode(image, torch::zeros({3, 2, 2}, torch::kUInt8));
  EXPECT_TRUE(torch::allclose(x0.narrow(1, 0, 1), image));
  EXPECT_TRUE(torch::allclose(x0.narrow(1, 1, 1), 8 * image));
  const auto decoded = codec.decode(x0);
  EXPECT_TRUE(torch::allclose(decoded.image, image));
  EXPECT_EQ(decoded.mask.sizes(), at::IntArrayRef({3, 2, 2}));
  EXPECT_TRUE(decoded.mask.eq(1).all().item<bool>());
}

TEST(LatentCodec, RefusesScalesThatDoNotFit) {
  const auto one = torch::ones({1}), two = torch::ones({2});
  EXPECT_THROW(latent_codec(toy(), one, two, {2, 2, 2}), std::invalid_argument);
  EXPECT_THROW(latent_codec(toy(), two, two * 0, {2, 2, 2}), std::invalid_argument);
  EXPECT_THROW(latent_codec(toy(), two, two, {2, 2}), std::invalid_argument);
  const auto codec = latent_codec(toy(), two, two, {2, 3, 3});
  EXPECT_THROW(codec.encode(torch::zeros({1, 1, 2, 2}), torch::zeros({1, 2, 2})), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::diffusion
