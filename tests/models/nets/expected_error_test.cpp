// The estimate begins at 0 and learns the errors it is shown.
#include "models/nets/expected_error.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/optim/adam.h>

namespace ctforge::nets {
namespace {

TEST(ExpectedError, LearnsTheLogarithmOfTheError) {
  torch::manual_seed(1);
  ExpectedError expected(0.001);
  const auto c_noise = torch::linspace(-1500, 1000, 64);
  EXPECT_TRUE(expected->forward(c_noise).eq(0).all().item<bool>());
  const auto error = torch::exp(0.002 * c_noise + 1);  // as different as 1 : 150
  torch::optim::Adam optimizer(expected->parameters(), 0.05);
  for (int i = 0; i < 400; ++i) {
    optimizer.zero_grad();
    const auto u = expected->forward(c_noise);
    (error * torch::exp(-u) + u).mean().backward();
    optimizer.step();
  }
  EXPECT_LT((expected->forward(c_noise) - torch::log(error)).abs().max().item<double>(), 0.1);
  EXPECT_THROW(ExpectedError(0.0), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::nets
