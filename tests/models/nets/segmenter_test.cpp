// The segmenter: shapes, initial scale, and that it learns.
#include "models/nets/segmenter.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/nn/functional/loss.h>
#include <torch/optim/adam.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

using torch::Tensor;

TEST(Segmenter, GivesLogitsOfTheInputsSize) {
  torch::manual_seed(0);
  Segmenter net(SegmenterConfig{.in_channels = 2, .classes = 5, .channels = {8, 16, 24}});
  const Tensor y = net(torch::randn({2, 2, 16, 24}));
  EXPECT_EQ(y.sizes(), (std::vector<std::int64_t>{2, 5, 16, 24}));
  // He initialisation after instance normalisation: logits of the order of one.
  EXPECT_GT(y.std().item<double>(), 0.1);
  EXPECT_LT(y.std().item<double>(), 10);
}

TEST(Segmenter, LearnsToFindADisc) {
  torch::manual_seed(0);
  Segmenter net(SegmenterConfig{.in_channels = 1, .classes = 2, .channels = {8, 16}});
  const Tensor axis = torch::arange(16, torch::kFloat32);
  const Tensor disc = ((axis.unsqueeze(0) - 6).square() + (axis.unsqueeze(1) - 9).square() < 16).to(torch::kInt64);
  const Tensor target = disc.unsqueeze(0).repeat({4, 1, 1});
  const Tensor x = target.unsqueeze(1).to(torch::kFloat32) + 0.3 * torch::randn({4, 1, 16, 16});
  torch::optim::Adam optimiser(net->parameters(), torch::optim::AdamOptions(5e-3));
  for (int step = 0; step < 30; ++step) {
    optimiser.zero_grad();
    torch::nn::functional::cross_entropy(net(x), target).backward();
    optimiser.step();
  }
  const torch::NoGradGuard no_grad;
  const Tensor found = net(x).argmax(1);
  const double both = (found * target).sum().item<double>();
  EXPECT_GT(2 * both / (found.sum() + target.sum()).item<double>(), 0.95);  // Dice
}

TEST(Segmenter, DoesNotDependOnOtherSamples) {
  torch::manual_seed(0);
  Segmenter net(SegmenterConfig{.in_channels = 1, .classes = 2, .channels = {8, 16}});
  const Tensor x = torch::randn({3, 1, 8, 8});
  EXPECT_TRUE(torch::allclose(net(x).slice(0, 1, 2), net(x.slice(0, 1, 2)), 1e-4, 1e-5));
}

TEST(Segmenter, RefusesWrongShapesAndConfigurations) {
  Segmenter net(SegmenterConfig{});
  EXPECT_THROW(net(torch::zeros({1, 1, 12, 16})), std::invalid_argument);
  EXPECT_THROW(net(torch::zeros({1, 2, 16, 16})), std::invalid_argument);
  EXPECT_THROW(Segmenter(SegmenterConfig{.classes = 1}), std::invalid_argument);
  EXPECT_THROW(Segmenter(SegmenterConfig{.channels = {}}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::nets
