// Shapes, and learning to tell two kinds of image apart.
#include "models/nets/discriminator.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/optim/adam.h>

namespace ctforge::nets {
namespace {

TEST(Discriminator, AnswersForEveryRegion) {
  EXPECT_EQ(Discriminator(1, 8, 3)->forward(torch::zeros({1, 1, 128, 128})).sizes(), at::IntArrayRef({1, 1, 14, 14}));
  EXPECT_EQ(Discriminator(2, 16, 1)->forward(torch::zeros({3, 2, 64, 32})).sizes(), at::IntArrayRef({3, 1, 30, 14}));
  EXPECT_THROW(Discriminator(1, 12, 3), std::invalid_argument);
  EXPECT_THROW(Discriminator(1, 8, 0), std::invalid_argument);
}

TEST(Discriminator, LearnsToTellSharpFromBlurred) {
  torch::manual_seed(1);
  Discriminator net(1, 8, 2);
  torch::optim::Adam optimizer(net->parameters(), 2e-3);
  const auto sharp = [] { return torch::randn({8, 1, 32, 32}); };
  const auto blurred = [] { return torch::avg_pool2d(torch::randn({8, 1, 34, 34}), 3, 1); };
  for (int i = 0; i < 60; ++i) {
    optimizer.zero_grad();
    (torch::relu(1 - net->forward(sharp())).mean() + torch::relu(1 + net->forward(blurred())).mean()).backward();
    optimizer.step();
  }
  const torch::NoGradGuard no_grad;
  EXPECT_GT(net->forward(sharp()).mean().item<double>(), net->forward(blurred()).mean().item<double>() + 1);
}

}  // namespace
}  // namespace ctforge::nets
