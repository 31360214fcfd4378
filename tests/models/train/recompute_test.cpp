// A recomputed block gives the gradients of a plain one, bit by bit, and keeps less.
#include "models/train/recompute.h"

#include "models/nets/unet.h"
#include "models/nets/weights.h"
#include "models/train/precision.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::train {
namespace {

nets::UNetConfig small_config(const std::vector<nets::LevelType>& down, const std::vector<nets::LevelType>& up) {
  nets::UNetConfig config;
  config.in_channels = config.out_channels = 3;
  config.block_out_channels = {32, 64};
  config.down_block_types = down;
  config.up_block_types = up;
  config.attention_head_dim = 16;
  config.norm_num_groups = 8;
  config.num_class_embeds = 4;
  config.dropout = 0.3;
  return config;
}

// Every kind of level.
std::vector<nets::UNetConfig> configs() {
  using enum nets::LevelType;
  std::vector<nets::UNetConfig> all = {small_config({Plain, Attention}, {Attention, Plain}),
                                       small_config({Resnet, Attention}, {Attention, Resnet}),
                                       small_config({Skip, AttentionSkip}, {AttentionSkip, Skip}),
                                       small_config({K, K}, {K, K}), small_config({K, KAttention}, {KAttention, K})};
  all[1].downsample_type = all[1].upsample_type = nets::Resampling::Resnet;
  all[1].resnet_time_scale_shift = nets::TimeScaleShift::ScaleShift;
  all[1].act_fn = nets::Activation::Mish;
  all[2].time_embedding_type = nets::TimeEmbeddingType::Fourier;
  all[4].block_out_channels = {64, 64};  // by which the level that joins nothing is known
  all[4].time_embedding_dim = 64;
  return all;
}

struct Step {
  torch::Tensor loss;
  std::vector<torch::Tensor> gradients;
  torch::Tensor next_random;  // what the generator gives after the step
};

Step training_step(const nets::UNetConfig& config, bool recompute, Precision precision) {
  torch::manual_seed(3);
  nets::UNet net(config);
  if (recompute) net->set_block_runner(recomputed);
  torch::manual_seed(7);
  const auto x = torch::randn({2, 3, 16, 16}), labels = torch::tensor({1, 3}, torch::kInt64);
  Step step;
  {
    const Autocast autocast(torch::kCPU, precision);
    step.loss = net->forward(x.contiguous(torch::MemoryFormat::ChannelsLast), torch::tensor({3.0F, 500.0F}), labels)
                    .to(torch::kFloat32)
                    .square()
                    .mean();
  }
  step.loss.backward();
  for (const auto& parameter : net->parameters()) step.gradients.push_back(parameter.grad());
  step.next_random = torch::rand({4});
  return step;
}

class RecomputedUNet : public testing::TestWithParam<std::size_t> {};

TEST_P(RecomputedUNet, GivesTheSameGradientsBitByBit) {
  const nets::UNetConfig config = configs()[GetParam()];
  for (const Precision precision : {Precision::Fp32, Precision::Bf16}) {
    const Step plain = training_step(config, false, precision), again = training_step(config, true, precision);
    EXPECT_TRUE(plain.loss.equal(again.loss));
    ASSERT_EQ(plain.gradients.size(), again.gradients.size());
    for (std::size_t i = 0; i < plain.gradients.size(); ++i) {
      ASSERT_TRUE(again.gradients[i].defined()) << i;
      EXPECT_TRUE(plain.gradients[i].equal(again.gradients[i])) << i;
    }
    EXPECT_TRUE(plain.next_random.equal(again.next_random));  // the second evaluation leaves no trace
  }
}
INSTANTIATE_TEST_SUITE_P(EveryKindOfLevel, RecomputedUNet, testing::Range(std::size_t{0}, configs().size()));

TEST(Recomputed, EvaluatesTwiceOnlyWhereGradientsAreOn) {
  int calls = 0;
  const auto block = [&](const std::vector<torch::Tensor>& inputs) {
    ++calls;
    return inputs[0] * inputs[1];
  };
  const auto a = torch::full({1}, 3.0, torch::requires_grad()), b = torch::full({1}, 5.0);
  recomputed(block, {a, b}).backward();
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(a.grad().item<double>(), 5);
  EXPECT_FALSE(b.grad().defined());
  const torch::NoGradGuard no_grad;
  EXPECT_EQ(recomputed(block, {a, b}).item<double>(), 15);
  EXPECT_EQ(calls, 3);
}

TEST(Recomputed, MayBeNested) {
  const auto square = [](const std::vector<torch::Tensor>& inputs) { return inputs[0] * inputs[0]; };
  const auto fourth = [&](const std::vector<torch::Tensor>& inputs) {
    return recomputed(square, {recomputed(square, inputs)});
  };
  const auto x = torch::full({1}, 2.0, torch::requires_grad());
  recomputed(fourth, {x}).backward();
  EXPECT_EQ(x.grad().item<double>(), 4 * 8);
}

TEST(Recomputed, RefusesABlockWithoutInputs) {
  EXPECT_THROW(recomputed([](const std::vector<torch::Tensor>&) { return torch::zeros({1}); }, {}),
               std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::train
