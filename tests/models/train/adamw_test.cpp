// Against LibTorch's own optimiser, which takes the same steps one operation after the other; and going on from saved
// tensors as if it had never stopped.
#include "models/train/adamw.h"

#include <stdexcept>
#include <tuple>

#include <gtest/gtest.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adamw.h>
#include <torch/utils.h>

namespace ctforge::train {
namespace {

void step(AdamW& optimizer, torch::Tensor& parameter, float gradient) {
  parameter.mutable_grad() = torch::full_like(parameter, gradient);
  optimizer.step(0.1);
}

class AdamWOf : public testing::TestWithParam<torch::ScalarType> {};

// Parameters of odd sizes, one of them in channels-last order with a gradient in rows, one without a gradient at first.
TEST_P(AdamWOf, TakesTheStepsOfLibTorchs) {
  torch::manual_seed(3);
  std::vector<torch::Tensor> ours = {torch::randn({7, 5, 3, 3}).contiguous(torch::MemoryFormat::ChannelsLast),
                                     torch::randn({1031}), torch::randn({3, 17})};
  std::vector<torch::Tensor> theirs;
  for (torch::Tensor& parameter : ours) {
    parameter = parameter.to(GetParam()).detach().requires_grad_();
    theirs.push_back(parameter.detach().clone().requires_grad_());
  }
  AdamW optimizer({{"a", ours[0]}, {"b", ours[1]}, {"c", ours[2]}}, {0.8, 0.95, 1e-6, 0.02});
  torch::optim::AdamW reference(
      theirs, torch::optim::AdamWOptions(1).betas(std::make_tuple(0.8, 0.95)).eps(1e-6).weight_decay(0.02));
  for (int number = 0; number < 20; ++number) {
    const double rate = 0.01 / (1 + number);
    optimizer.zero_grad();
    for (std::size_t i = 0; i < ours.size(); ++i) {
      EXPECT_FALSE(ours[i].grad().defined());
      if (i == 2 && number < 4) continue;
      ours[i].mutable_grad() = torch::randn(ours[i].sizes()).to(GetParam());
      theirs[i].mutable_grad() = ours[i].grad().clone();
    }
    static_cast<torch::optim::AdamWOptions&>(reference.param_groups()[0].options()).lr(rate);
    optimizer.step(rate);
    reference.step();
  }
  const double tolerance = GetParam() == torch::kFloat64 ? 1e-12 : 2e-6;
  for (std::size_t i = 0; i < ours.size(); ++i)
    EXPECT_TRUE(torch::allclose(ours[i], theirs[i], tolerance, tolerance)) << i;
}

INSTANTIATE_TEST_SUITE_P(Types, AdamWOf, testing::Values(torch::kFloat32, torch::kFloat64),
                         [](const auto& type) { return torch::toString(type.param); });

TEST(AdamW, IsTheSameWithAnyNumberOfThreads) {
  const auto after_steps = [](int threads) {
    const int before = torch::get_num_threads();
    torch::set_num_threads(threads);
    torch::manual_seed(5);
    torch::Tensor parameter = torch::randn({40013}).requires_grad_();
    AdamW optimizer({{"w", parameter}}, {});
    for (int number = 0; number < 3; ++number) {
      parameter.mutable_grad() = torch::randn_like(parameter);
      optimizer.step(1e-3);
    }
    torch::set_num_threads(before);
    return parameter.detach();
  };
  EXPECT_TRUE(torch::equal(after_steps(1), after_steps(2)));
  EXPECT_TRUE(torch::equal(after_steps(1), after_steps(3)));
}

TEST(AdamW, GoesOnFromNamedTensors) {
  torch::Tensor whole = torch::ones({3}, torch::requires_grad());
  AdamW first({{"w", whole}}, {});
  step(first, whole, 1);
  std::map<std::string, torch::Tensor> saved;
  first.add_state(saved);
  EXPECT_EQ(saved.at("adamw.step.w").item<std::int64_t>(), 1);
  EXPECT_FLOAT_EQ(saved.at("adamw.exp_avg.w")[0].item<float>(), 0.1F);  // (1 - beta1) of a gradient of 1
  for (auto& [name, tensor] : saved) tensor = tensor.clone();

  torch::Tensor other = whole.detach().clone().requires_grad_();
  AdamW second({{"w", other}}, {});
  second.restore(saved);
  step(first, whole, -2);
  step(second, other, -2);
  EXPECT_TRUE(torch::equal(whole, other));
}

TEST(TrainedParameters, AreThoseWithAGradient) {
  torch::nn::Sequential net(torch::nn::Linear(2, 3), torch::nn::Linear(3, 1));
  net->parameters()[0].requires_grad_(false);
  const NamedParameters found = trained_parameters(*net);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].first, "0.bias");
  EXPECT_EQ(found[2].first, "1.bias");
}

TEST(AdamW, MissingTensorsAreRefused) {
  AdamW optimizer({{"w", torch::ones({3}, torch::requires_grad())}}, {});
  EXPECT_THROW(optimizer.restore({}), std::out_of_range);
}

}  // namespace
}  // namespace ctforge::train
