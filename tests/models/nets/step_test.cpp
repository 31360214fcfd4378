// How blocks are evaluated.
#include "models/nets/step.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

using torch::Tensor;

const Block kProduct = [](const std::vector<Tensor>& inputs) { return inputs[0] * inputs[1]; };

TEST(RunBlock, GivesTheRunnerBlockAndInputs) {
  const Tensor a = torch::full({1}, 3.0), b = torch::full({1}, 5.0);
  EXPECT_EQ(run_block({}, kProduct, {a, b}).item<float>(), 15);
  const BlockRunner twice = [](const Block& block, const std::vector<Tensor>& inputs) { return 2 * block(inputs); };
  EXPECT_EQ(run_block(twice, kProduct, {a, b}).item<float>(), 30);
}

TEST(RunBlock, PassesGradientsAndAbsentInputs) {
  const Tensor a = torch::full({1}, 3.0, torch::requires_grad());
  const Block first = [](const std::vector<Tensor>& inputs) {
    EXPECT_FALSE(inputs[1].defined());
    return inputs[0] * inputs[0];
  };
  run_block({}, first, {a, Tensor()}).backward();
  EXPECT_EQ(a.grad().item<float>(), 6);
  EXPECT_THROW(run_block({}, [](const std::vector<Tensor>& inputs) { return inputs.at(1); }, {a}), std::out_of_range);
}

}  // namespace
}  // namespace ctforge::nets
