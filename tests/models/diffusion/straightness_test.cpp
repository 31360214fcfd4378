// Straight lines have none of it, a known bend has its own, and so has the flow to Gaussian data.
#include "models/diffusion/straightness.h"

#include "models/diffusion/schedule.h"

#include <cmath>
#include <stdexcept>

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace ctforge::diffusion {
namespace {

torch::Tensor one(double value) { return torch::full({1, 1, 1, 1}, value, torch::kFloat64); }

TEST(Straightness, IsZeroAlongALineWhateverThePath) {
  for (const Path& path : {rectified(), ve(), vp(cosine_betas())}) {
    Straightness straightness(path);
    EXPECT_TRUE(std::isnan(straightness.value()));
    const auto x0 = torch::linspace(-1, 1, 8, torch::kFloat64).view({2, 1, 2, 2}), noise = 1 - 2 * x0.flip(0);
    for (const double ratio : {50.0, 3.0, 1.0, 0.2}) {
      const double t = path.time_of_ratio(ratio);
      straightness.add(t, path.at(t).alpha * x0 + path.at(t).sigma * noise);
    }
    straightness.add_end(x0);
    EXPECT_NEAR(straightness.value(), 0, 1e-12);
  }
}

TEST(Straightness, OfABendIsTheVarianceOfItsVelocity) {
  Straightness straightness(rectified());
  straightness.add(1, one(3));
  straightness.add(0.25, one(0));  // velocity -4 for three quarters of the time, then 4
  straightness.add_end(one(1));
  EXPECT_NEAR(straightness.value(), 16 - 4, 1e-12);
  EXPECT_THROW(straightness.add(0.5, one(1)), std::invalid_argument);
}

// Data N(0, s^2): x_t = x_1 sqrt((1 - t)^2 s^2 + t^2), whose velocity squared has a known integral for s = 1.
TEST(Straightness, OfTheFlowToGaussianData) {
  const Path path = rectified();
  Straightness straightness(path);
  torch::Generator generator = torch::make_generator<at::CPUGeneratorImpl>(1);
  auto x = torch::randn({64, 1, 8, 8}, generator, torch::kFloat64);
  const double energy = x.square().mean().item<double>();
  const int n = 4000;
  for (int i = n; i > 0; --i) {
    const double t = static_cast<double>(i) / n;
    straightness.add(t, x * std::sqrt((1 - t) * (1 - t) + t * t));
  }
  straightness.add_end(x);
  // d/dt sqrt(1 - 2t + 2t^2) = (2t - 1) / sqrt(1 - 2t + 2t^2); the integral of its square is 2 - pi / 2.
  EXPECT_NEAR(straightness.value() / energy, 2 - std::acos(-1.0) / 2, 1e-5);
}

}  // namespace
}  // namespace ctforge::diffusion
