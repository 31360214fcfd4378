// Blocks whose normalisations take the time.
#include "models/nets/k_blocks.h"

#include "models/nets/weights.h"
#include "tests/models/nets/reference.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

using test::difference;
using torch::Tensor;

TEST(AdaptiveGroupNorm, ScalesAndShiftsTheNormalised) {
  torch::manual_seed(0);
  AdaptiveGroupNorm norm(2, 4, 3, 1e-5);
  const Tensor x = torch::randn({2, 4, 3, 5}), time = torch::randn({2, 3});
  const NamedTensors w = named_tensors(*norm);
  const Tensor both = torch::linear(time, w.at("linear.weight"), w.at("linear.bias")).view({2, 8, 1, 1});
  const Tensor expected = torch::group_norm(x, 2) * (1 + both.slice(1, 0, 4)) + both.slice(1, 4);
  EXPECT_LT(difference(norm(x, time), expected), 1e-5);
  EXPECT_THROW(AdaptiveGroupNorm(3, 4, 3, 1e-5), std::invalid_argument);
}

TEST(KResnetBlock, AddsItsInputAndTakesTheTimeAsItIs) {
  torch::manual_seed(0);
  const ResnetShape shape{.in_channels = 4, .out_channels = 6, .groups_in = 2, .groups_out = 4, .hidden_channels = 8};
  KResnetBlock block(shape, BlockOptions{.time_channels = 3, .activation = Activation::Gelu});
  const torch::NoGradGuard no_grad;
  const Tensor x = torch::randn({2, 4, 3, 3}), time = torch::randn({2, 3});
  EXPECT_GT(difference(block(x, time), block(x, -time)), 1e-3);
  const NamedTensors w = named_tensors(*block);
  EXPECT_FALSE(w.contains("conv_shortcut.bias"));
  EXPECT_EQ(w.at("conv1.weight").size(0), 8);
  w.at("conv2.weight").zero_();
  w.at("conv2.bias").zero_();
  EXPECT_LT(difference(block(x, time), torch::conv2d(x, w.at("conv_shortcut.weight"))), 1e-6);
}

TEST(KAttention, AttendsOnceOrTwice) {
  torch::manual_seed(0);
  AttentionShape shape{.channels = 8, .head_dim = 4, .groups = 2};
  const BlockOptions options{.time_channels = 3};
  const Tensor x = torch::randn({2, 8, 3, 3}), time = torch::randn({2, 3});
  const torch::NoGradGuard no_grad;
  KAttention once(shape, options);
  shape.twice = true;
  KAttention twice(shape, options);
  EXPECT_FALSE(named_tensors(*once).contains("attn1.to_q.weight"));
  const NamedTensors w = named_tensors(*twice);
  for (const char* name : {"norm1.linear.weight", "attn1.to_out.0.bias", "attn2.norm_cross.weight"})
    EXPECT_TRUE(w.contains(name)) << name;
  for (const auto& item : twice->named_parameters())  // what nothing uses is not for training
    EXPECT_EQ(item.key().find("norm_cross"), std::string::npos);
  const Tensor before = twice(x, time);
  w.at("attn2.norm_cross.weight").fill_(7);
  EXPECT_TRUE(twice(x, time).equal(before));
  for (const char* name :
       {"attn1.to_out.0.weight", "attn1.to_out.0.bias", "attn2.to_out.0.weight", "attn2.to_out.0.bias"})
    w.at(name).zero_();
  EXPECT_EQ(difference(twice(x, time), x), 0);
}

}  // namespace
}  // namespace ctforge::nets
