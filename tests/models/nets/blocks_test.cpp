// The building blocks against closed forms and LibTorch's own layers.
#include "models/nets/blocks.h"

#include "models/nets/weights.h"
#include "tests/models/nets/reference.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

using test::difference;
using torch::Tensor;

TEST(SinusoidalEmbedding, MatchesTheFormula) {
  const Tensor e = sinusoidal_embedding(torch::tensor({0.0F, 3.5F}), 6, true, 1);
  ASSERT_EQ(e.sizes(), (std::vector<std::int64_t>{2, 6}));
  for (int i = 0; i < 3; ++i) {
    const double angle = 3.5 * std::exp(-std::log(1e4) * i / 2.0);
    EXPECT_NEAR(e[1][i].item<double>(), std::cos(angle), 1e-6);
    EXPECT_NEAR(e[1][i + 3].item<double>(), std::sin(angle), 1e-6);
    EXPECT_EQ(e[0][i].item<double>(), 1);
  }
  const Tensor flipped = sinusoidal_embedding(torch::tensor({3.5F}), 6, false, 1);
  EXPECT_EQ(difference(flipped.slice(1, 0, 3)[0], e[1].slice(0, 3, 6)), 0);
  EXPECT_EQ(sinusoidal_embedding(torch::tensor({1.0F}), 7, true, 0)[0][6].item<double>(), 0);  // odd: a zero at the end
}

TEST(ByteDropout, DropsItsPartAndKeepsTheMeanInEveryMemoryFormat) {
  torch::manual_seed(4);
  for (const auto format : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
    const Tensor x = torch::full({8, 6, 31, 33}, 3.0F).contiguous(format).requires_grad_();
    const Tensor y = byte_dropout(x, 0.25);
    ASSERT_EQ(y.strides(), x.strides());
    const auto count = static_cast<double>(x.numel());
    const Tensor dropped = y.eq(0);
    EXPECT_NEAR(dropped.sum().item<double>() / count, 0.25, 4 * std::sqrt(0.25 * 0.75 / count));
    const Tensor kept = y.masked_select(dropped.logical_not());
    EXPECT_FLOAT_EQ(kept.min().item<float>(), 4);
    EXPECT_FLOAT_EQ(kept.max().item<float>(), 4);
    y.sum().backward();
    EXPECT_TRUE(torch::allclose(x.grad() * 3, y));
    // Neighbours are independent of each other: both dropped in a sixteenth of the places.
    const Tensor both = dropped.slice(3, 1).logical_and(dropped.slice(3, 0, 32));
    EXPECT_NEAR(both.sum().item<double>() / static_cast<double>(both.numel()), 1.0 / 16, 0.006);
  }
}

TEST(ByteDropout, WithoutProbabilityNothingHappens) {
  const Tensor x = torch::randn({2, 3});
  EXPECT_TRUE(byte_dropout(x, 0).is_same(x));
  EXPECT_TRUE(torch::isfinite(byte_dropout(x, 0.9999)).all().item<bool>());
}

TEST(Attention, IsTheMeanOfValuesWhereKeysAreEqual) {
  torch::manual_seed(0);
  Attention attention(8, 4, BlockOptions{.norm_num_groups = 2});
  const torch::NoGradGuard no_grad;
  NamedTensors weights = named_tensors(*attention);
  weights.at("to_k.weight").zero_();
  const Tensor x = torch::randn({2, 8, 3, 5});
  const Tensor tokens = torch::group_norm(x, 2, weights.at("group_norm.weight"), weights.at("group_norm.bias"))
                            .flatten(2)
                            .transpose(1, 2);
  const Tensor value = torch::linear(tokens, weights.at("to_v.weight"), weights.at("to_v.bias")).mean(1);
  const Tensor out = torch::linear(value, weights.at("to_out.0.weight"), weights.at("to_out.0.bias"));  // [N,C]
  EXPECT_LT(difference(attention(x), x + out.unsqueeze(2).unsqueeze(3)), 1e-5);
}

TEST(Attention, DoesNotDependOnMemoryFormat) {
  torch::manual_seed(0);
  Attention attention(16, 8, BlockOptions{.norm_num_groups = 4});
  const Tensor x = torch::randn({2, 16, 4, 6});
  EXPECT_LT(difference(attention(x), attention(x.contiguous(torch::MemoryFormat::ChannelsLast))), 1e-5);
}

TEST(Downsample, PadsOnlyRightAndBelowWithPaddingZero) {
  Downsample down(1, 0);
  const torch::NoGradGuard no_grad;
  NamedTensors weights = named_tensors(*down);
  weights.at("conv.weight").fill_(1);
  weights.at("conv.bias").zero_();
  const Tensor y = down(torch::ones({1, 1, 4, 4}));
  EXPECT_EQ(y[0][0][0][0].item<float>(), 9);  // nothing is padded above and left
  EXPECT_EQ(y[0][0][1][1].item<float>(), 4);
}

TEST(Upsample, RepeatsPixels) {
  Upsample up(1);
  const torch::NoGradGuard no_grad;
  NamedTensors weights = named_tensors(*up);
  weights.at("conv.weight").zero_();
  weights.at("conv.weight")[0][0][1][1] = 1;
  weights.at("conv.bias").zero_();
  const Tensor x = torch::randn({1, 1, 3, 2});
  EXPECT_EQ(difference(up(x), x.repeat_interleave(2, 2).repeat_interleave(2, 3)), 0);
}

TEST(ResnetBlock, AddsItsInputAndTheTimeEmbedding) {
  torch::manual_seed(0);
  ResnetBlock block(4, 4, BlockOptions{.time_channels = 6, .norm_num_groups = 2});
  const torch::NoGradGuard no_grad;
  const Tensor x = torch::randn({2, 4, 5, 5});
  const Tensor time = torch::randn({2, 6});
  EXPECT_GT(difference(block(x, time), block(x, torch::zeros({2, 6}))), 1e-3);
  NamedTensors weights = named_tensors(*block);
  weights.at("conv2.weight").zero_();
  weights.at("conv2.bias").zero_();
  EXPECT_EQ(difference(block(x, time), x), 0);
}

TEST(Blocks, RefuseImpossibleChannels) {
  EXPECT_THROW(Attention(4, 8, BlockOptions{.norm_num_groups = 2}), std::invalid_argument);
  EXPECT_THROW(GroupNorm(3, 4, 1e-5, Activation::None), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::nets
