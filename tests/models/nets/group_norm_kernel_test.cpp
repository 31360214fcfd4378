// The raw kernel against values computed by hand, and its independence of threads and layout.
#include "models/nets/group_norm_kernel.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace ctforge::nets::kernel {
namespace {

struct Result {
  std::vector<float> y, mean, rstd;
};

Result forward(const Problem& p, const std::vector<float>& x, const std::vector<float>& weight,
               const std::vector<float>& bias) {
  const auto groups = static_cast<std::size_t>(p.samples * p.groups);
  Result r{std::vector<float>(x.size()), std::vector<float>(groups), std::vector<float>(groups)};
  group_norm_forward(p, {.x = x.data(), .weight = weight.data(), .bias = bias.data(), .shift = nullptr}, r.y.data(),
                     r.mean.data(), r.rstd.data());
  return r;
}

TEST(GroupNormKernel, MatchesHandComputedValues) {
  // One group of 1, 2, 3, 4: mean 2.5, variance 1.25.
  const Problem p{.samples = 1, .channels = 2, .pixels = 2, .groups = 1};
  const Result r = forward(p, {1, 2, 3, 4}, {1, 2}, {0, 1});
  const float unit = 1.0F / std::sqrt(1.25F);
  EXPECT_FLOAT_EQ(r.mean[0], 2.5F);
  EXPECT_FLOAT_EQ(r.rstd[0], unit);
  EXPECT_FLOAT_EQ(r.y[0], -1.5F * unit);
  EXPECT_FLOAT_EQ(r.y[3], 1 + 2 * 1.5F * unit);
}

TEST(GroupNormKernel, KeepsPrecisionFarFromZero) {
  // sum(x^2) - sum(x)^2/n in float32 would leave nothing of a variance of 1 at 10000.
  const std::int64_t pixels = 5000;
  std::vector<float> x(static_cast<std::size_t>(pixels));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 10000.0F + (i % 2 == 0 ? 1.0F : -1.0F);
  for (const bool last : {false, true}) {
    const Problem p{.samples = 1, .channels = 1, .pixels = pixels, .groups = 1, .channels_last = last};
    const Result r = forward(p, x, {1}, {0});
    EXPECT_NEAR(r.mean[0], 10000.0F, 1e-3);
    EXPECT_NEAR(r.rstd[0], 1.0F, 1e-5);
  }
}

TEST(GroupNormKernel, DoesNotDependOnThreads) {
  const Problem p{.samples = 3, .channels = 24, .pixels = 3000, .groups = 4, .channels_last = true, .act = Act::Silu};
  std::vector<float> x(static_cast<std::size_t>(p.samples * p.channels * p.pixels));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));
  const std::vector<float> weight(24, 1.5F), bias(24, 0.5F);
  const int threads = torch::get_num_threads();
  torch::set_num_threads(1);
  const Result one = forward(p, x, weight, bias);
  torch::set_num_threads(3);
  const Result three = forward(p, x, weight, bias);
  torch::set_num_threads(threads);
  EXPECT_EQ(one.y, three.y);
}

TEST(GroupNormKernel, ShowsNotANumber) {
  const Problem p{.samples = 1, .channels = 1, .pixels = 4, .groups = 1, .act = Act::Silu};
  const Result r = forward(p, {1, NAN, 3, 4}, {1}, {0});
  for (const float y : r.y) EXPECT_TRUE(std::isnan(y));
}

TEST(GroupNormKernel, SiluIsRightAtTheEnds) {
  // Two groups of equal halves: z = weight * (+1 or -1).
  const Problem p{.samples = 1, .channels = 1, .pixels = 2, .groups = 1, .act = Act::Silu};
  for (const float z : {1e-3F, 1.0F, 20.0F, 80.0F, 200.0F}) {
    const Result r = forward(p, {-1, 1}, {z}, {0});
    EXPECT_NEAR(r.y[1], z / (1 + std::exp(-z)), 4e-7F * z);
    EXPECT_NEAR(r.y[0], -z / (1 + std::exp(z)), 1e-6F);
  }
}

}  // namespace
}  // namespace ctforge::nets::kernel
