// The optimiser goes on from named tensors as if it had never stopped.
#include "models/train/optimizer_state.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::train {
namespace {

torch::optim::AdamW optimizer_of(const torch::Tensor& parameter) {
  return torch::optim::AdamW(std::vector<torch::Tensor>{parameter}, torch::optim::AdamWOptions(0.1));
}

void step(torch::optim::AdamW& optimizer, torch::Tensor& parameter, float gradient) {
  parameter.mutable_grad() = torch::full_like(parameter, gradient);
  optimizer.step();
}

TEST(OptimizerState, GoesOnFromNamedTensors) {
  torch::Tensor whole = torch::ones({3}, torch::requires_grad());
  auto first = optimizer_of(whole);
  step(first, whole, 1);
  std::map<std::string, torch::Tensor> saved;
  add_adamw(first, {{"w", whole}}, saved);
  EXPECT_EQ(saved.at("adamw.step.w").item<std::int64_t>(), 1);
  EXPECT_FLOAT_EQ(saved.at("adamw.exp_avg.w")[0].item<float>(), 0.1F);  // (1 - beta1) of a gradient of 1
  for (auto& [name, tensor] : saved) tensor = tensor.clone();

  torch::Tensor other = whole.detach().clone().requires_grad_();
  auto second = optimizer_of(other);
  restore_adamw(second, {{"w", other}}, saved);
  step(first, whole, -2);
  step(second, other, -2);
  EXPECT_TRUE(torch::equal(whole, other));
}

TEST(OptimizerState, MissingTensorsAreRefused) {
  torch::Tensor parameter = torch::ones({3}, torch::requires_grad());
  auto optimizer = optimizer_of(parameter);
  EXPECT_THROW(restore_adamw(optimizer, {{"w", parameter}}, {}), std::out_of_range);
}

}  // namespace
}  // namespace ctforge::train
