// The moving average against its recurrence computed by hand.
#include "models/train/ema.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::train {
namespace {

TEST(Ema, HalfLifeIsHonoured) {
  torch::nn::Linear net(torch::nn::LinearOptions(1, 1).bias(false));
  torch::NoGradGuard no_grad;
  net->weight.fill_(0);
  Ema ema(*net, EmaOptions{.half_life_steps = 10, .ramp = 0});
  net->weight.fill_(1);
  for (int step = 1; step <= 10; ++step) ema.update(step);
  EXPECT_NEAR(ema.state().at("weight").item<float>(), 0.5, 1e-6);
}

TEST(Ema, RampShortensTheHalfLifeAtFirst) {
  torch::nn::Linear net(1, 1);
  const Ema ema(*net, EmaOptions{.half_life_steps = 1000, .ramp = 0.05});
  EXPECT_NEAR(ema.decay(100), std::exp2(-1.0 / 5), 1e-12);
  EXPECT_NEAR(ema.decay(20000), std::exp2(-1.0 / 1000), 1e-12);
  EXPECT_NEAR(ema.decay(1000000), std::exp2(-1.0 / 1000), 1e-12);
}

TEST(Ema, ScopeExchangesAndRestoresWeights) {
  torch::nn::Linear net(2, 2);
  Ema ema(*net, EmaOptions{});
  const torch::Tensor averaged = net->weight.detach().clone();
  torch::NoGradGuard no_grad;
  net->weight.add_(1);
  const torch::Tensor current = net->weight.detach().clone();
  {
    const EmaScope scope(*net, ema);
    EXPECT_TRUE(torch::equal(net->weight, averaged));
  }
  EXPECT_TRUE(torch::equal(net->weight, current));
}

TEST(Ema, StateGoesRoundAndForeignStateIsRefused) {
  torch::nn::Linear net(2, 3), other(2, 3);
  const Ema from(*net, EmaOptions{});
  Ema into(*other, EmaOptions{});
  into.restore(from.state());
  EXPECT_TRUE(torch::equal(into.state().at("weight"), net->weight));
  torch::nn::Linear larger(4, 3);
  Ema wrong(*larger, EmaOptions{});
  EXPECT_THROW(wrong.restore(from.state()), std::invalid_argument);
  EXPECT_THROW(Ema(*net, EmaOptions{.half_life_steps = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::train
