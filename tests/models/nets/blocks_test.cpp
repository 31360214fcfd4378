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

TEST(ByteDropout, DropsOfAShareWhatItWouldOfTheWholeBatch) {
  for (const auto format : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
    const Tensor x = torch::randn({6, 3, 5, 7}).contiguous(format);
    torch::manual_seed(9);
    const Tensor whole = byte_dropout(x, 0.4);
    for (std::int64_t first = 0; first < 6; first += 2) {
      torch::manual_seed(9);
      const Tensor share = x.narrow(0, first, 2).contiguous(format);
      EXPECT_TRUE(torch::equal(byte_dropout(share, 0.4, BatchShare{first, 2, 6}), whole.narrow(0, first, 2)));
    }
    EXPECT_THROW(byte_dropout(x, 0.4, BatchShare{0, 2, 6}), std::invalid_argument);
  }
}

TEST(ByteDropout, WithoutProbabilityNothingHappens) {
  const Tensor x = torch::randn({2, 3});
  EXPECT_TRUE(byte_dropout(x, 0).is_same(x));
  EXPECT_TRUE(torch::isfinite(byte_dropout(x, 0.9999)).all().item<bool>());
}

TEST(Attention, IsTheMeanOfValuesWhereKeysAreEqual) {
  torch::manual_seed(0);
  Attention attention(AttentionShape{.channels = 8, .head_dim = 4, .groups = 2}, BlockOptions{});
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
  Attention attention(AttentionShape{.channels = 16, .head_dim = 8, .groups = 4}, BlockOptions{});
  const Tensor x = torch::randn({2, 16, 4, 6});
  EXPECT_LT(difference(attention(x), attention(x.contiguous(torch::MemoryFormat::ChannelsLast))), 1e-5);
}

const ResnetShape kShape{.in_channels = 4, .out_channels = 4, .groups_in = 2, .groups_out = 2};

// The last convolution yields nothing.
void silence(ResnetBlock& block) {
  const NamedTensors weights = named_tensors(*block);
  weights.at("conv2.weight").zero_();
  weights.at("conv2.bias").zero_();
}

TEST(ResnetBlock, AddsItsInputAndTheTimeEmbedding) {
  torch::manual_seed(0);
  ResnetBlock block(kShape, BlockOptions{.time_channels = 6});
  const torch::NoGradGuard no_grad;
  const Tensor x = torch::randn({2, 4, 5, 5});
  const Tensor time = torch::randn({2, 6});
  EXPECT_GT(difference(block(x, time), block(x, torch::zeros({2, 6}))), 1e-3);
  silence(block);
  EXPECT_EQ(difference(block(x, time), x), 0);
}

TEST(ResnetBlock, TakesScaleAndOffsetFromTheTimeEmbedding) {
  torch::manual_seed(0);
  const BlockOptions options{
      .time_channels = 6, .time_scale_shift = TimeScaleShift::ScaleShift, .activation = Activation::Relu};
  ResnetBlock block(kShape, options);
  const torch::NoGradGuard no_grad;
  const Tensor x = torch::randn({2, 4, 5, 5});
  const NamedTensors weights = named_tensors(*block);
  ASSERT_EQ(weights.at("time_emb_proj.weight").size(0), 8);
  // Scale -1: nothing is left of the picture but the offset, which relu cuts at zero.
  weights.at("time_emb_proj.weight").zero_();
  weights.at("time_emb_proj.bias").copy_(torch::tensor({-1.0F, -1.0F, -1.0F, -1.0F, 2.0F, -2.0F, 0.5F, 0.0F}));
  weights.at("conv2.weight").zero_();
  for (int c = 0; c < 4; ++c) weights.at("conv2.weight")[c][c][1][1] = 1;
  weights.at("conv2.bias").zero_();
  const Tensor offset = torch::tensor({2.0F, 0.0F, 0.5F, 0.0F}).view({1, 4, 1, 1});
  EXPECT_LT(difference(block(x, torch::randn({2, 6})), x + offset), 1e-6);
}

TEST(ResnetBlock, DividesAndResamplesTheSum) {
  torch::manual_seed(0);
  ResnetShape shape = kShape;
  const torch::NoGradGuard no_grad;
  const Tensor x = torch::randn({1, 4, 6, 8});
  shape.resample = Resample::Average;
  ResnetBlock half(shape, BlockOptions{.output_scale = 4});
  silence(half);
  EXPECT_LT(difference(half(x), torch::avg_pool2d(x, 2) / 4), 1e-6);
  shape.resample = Resample::Nearest;
  ResnetBlock twice(shape, BlockOptions{});
  EXPECT_EQ(twice(x).sizes(), (std::vector<std::int64_t>{1, 4, 12, 16}));
  shape.shortcut = true;
  EXPECT_TRUE(named_tensors(*ResnetBlock(shape, BlockOptions{})).contains("conv_shortcut.weight"));
}

TEST(MidBlock, DividesEverySum) {
  torch::manual_seed(0);
  const MidShape shape{.resnet = kShape, .attentions = {{.channels = 4, .head_dim = 4, .groups = 2}}};
  MidBlock block(shape, BlockOptions{.output_scale = 2});
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : named_tensors(*block))
    if (name.find("conv2") != std::string::npos || name.find("to_out") != std::string::npos) tensor.zero_();
  const Tensor x = torch::randn({1, 4, 3, 3});
  EXPECT_LT(difference(block(x), x / 8), 1e-6);  // two residual blocks and the attention
  EXPECT_FALSE(named_tensors(*MidBlock(MidShape{.resnet = kShape, .attentions = {}}, BlockOptions{}))
                   .contains("attentions.0.to_q.weight"));
}

TEST(Blocks, RefuseImpossibleChannels) {
  EXPECT_THROW(Attention(AttentionShape{.channels = 4, .head_dim = 8, .groups = 2}, BlockOptions{}),
               std::invalid_argument);
  EXPECT_THROW(GroupNorm(3, 4, 1e-5, Activation::None), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::nets
