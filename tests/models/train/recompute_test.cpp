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

nets::UNet small_unet() {
  torch::manual_seed(3);
  nets::UNetConfig config;
  config.block_out_channels = {32, 64};
  config.attention = {false, true};
  config.attention_head_dim = 16;
  config.norm_num_groups = 8;
  config.num_class_embeds = 4;
  config.dropout = 0.3;
  return nets::UNet(config);
}

struct Step {
  torch::Tensor loss;
  std::vector<torch::Tensor> gradients;
  torch::Tensor next_random;  // what the generator gives after the step
};

Step training_step(bool recompute, Precision precision) {
  auto net = small_unet();
  if (recompute) net->set_block_runner(recomputed);
  torch::manual_seed(7);
  const auto x = torch::randn({2, 4, 16, 16}), labels = torch::tensor({1, 3}, torch::kInt64);
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

TEST(Recomputed, GivesTheSameGradientsBitByBit) {
  for (const Precision precision : {Precision::Fp32, Precision::Bf16}) {
    const Step plain = training_step(false, precision), again = training_step(true, precision);
    EXPECT_TRUE(plain.loss.equal(again.loss));
    ASSERT_EQ(plain.gradients.size(), again.gradients.size());
    for (std::size_t i = 0; i < plain.gradients.size(); ++i) {
      ASSERT_TRUE(again.gradients[i].defined()) << i;
      EXPECT_TRUE(plain.gradients[i].equal(again.gradients[i])) << i;
    }
    EXPECT_TRUE(plain.next_random.equal(again.next_random));  // the second evaluation leaves no trace
  }
}

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
