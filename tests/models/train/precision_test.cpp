// Automatic casting is on inside its scope only; the loss scale follows overflows.
#include "models/train/precision.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::train {
namespace {

TEST(Precision, AutocastHoldsInItsScopeOnly) {
  const torch::Tensor a = torch::ones({4, 4}), b = torch::ones({4, 4});
  {
    const Autocast scope(torch::kCPU, Precision::Bf16);
    EXPECT_EQ(torch::matmul(a, b).scalar_type(), torch::kBFloat16);
    {
      const Autocast inner(torch::kCPU, Precision::Fp32);
      EXPECT_EQ(torch::matmul(a, b).scalar_type(), torch::kFloat32);
    }
    EXPECT_EQ(torch::matmul(a, b).scalar_type(), torch::kBFloat16);
  }
  EXPECT_EQ(torch::matmul(a, b).scalar_type(), torch::kFloat32);
}

TEST(Precision, CastWeightsAreNotReusedAfterTheyChange) {
  torch::nn::Linear net(torch::nn::LinearOptions(1, 1).bias(false));
  const torch::Tensor x = torch::ones({1, 1});
  for (const float value : {1.0F, 2.0F}) {
    torch::NoGradGuard no_grad;
    net->weight.fill_(value);
    torch::AutoGradMode grad(true);
    const Autocast scope(torch::kCPU, Precision::Bf16);
    EXPECT_EQ(net->forward(x).item<float>(), value);
  }
}

TEST(Precision, HalfPrecisionOnTheCpuIsRefused) {
  EXPECT_EQ(precision_from_name("bf16"), Precision::Bf16);
  EXPECT_THROW(precision_from_name("int8"), std::invalid_argument);
  EXPECT_NO_THROW(check_precision(Precision::Fp16, torch::kCUDA));
  EXPECT_THROW(check_precision(Precision::Fp16, torch::kCPU), std::invalid_argument);
}

TEST(GradScaler, UnscalesWhatItScaled) {
  const GradScaler scaler(true);
  torch::Tensor x = torch::tensor({2.0F, 3.0F}, torch::requires_grad());
  scaler.scale((x * x).sum()).backward();
  EXPECT_EQ(x.grad()[0].item<float>(), 4 * 65536.0F);
  scaler.unscale({x.grad()});
  EXPECT_TRUE(torch::equal(x.grad(), torch::tensor({4.0F, 6.0F})));
}

TEST(GradScaler, HalvesOnOverflowAndDoublesAfterGoodSteps) {
  GradScaler scaler(true, 3);
  EXPECT_FALSE(scaler.update(false));
  EXPECT_EQ(scaler.state().scale, 32768);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(scaler.update(true));
  EXPECT_EQ(scaler.state().scale, 65536);
  scaler.restore({1, 0});
  EXPECT_THROW(scaler.update(false), std::overflow_error);
}

TEST(GradScaler, DisabledChangesNothing) {
  GradScaler scaler(false);
  const torch::Tensor loss = torch::tensor(2.0F);
  EXPECT_TRUE(torch::equal(scaler.scale(loss), loss));
  EXPECT_FALSE(scaler.update(false));
  EXPECT_TRUE(scaler.update(true));
}

}  // namespace
}  // namespace ctforge::train
