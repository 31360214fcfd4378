// Guidance by hand.
#include "models/diffusion/guide.h"

#include "models/diffusion/schedule.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::diffusion {
namespace {

// An estimate that is `value` everywhere and counts how often it is asked.
Denoise constant(double value, int* calls = nullptr) {
  return [value, calls](const torch::Tensor& x, double) -> Estimate {
    if (calls != nullptr) ++*calls;
    return torch::full_like(x, value);
  };
}

const torch::Tensor& point() {
  static const auto x = torch::zeros({1, 1, 1, 1}, torch::kFloat64);
  return x;
}

TEST(Guide, IsTheFormulaOfClassifierFreeGuidance) {
  const Path path = ve();
  const auto guided = guide(constant(2), {{constant(5), 1.5}}, constant(5), {}, path);
  EXPECT_DOUBLE_EQ(guided(point(), 1).data.item<double>(), 2 + 1.5 * (5 - 2));
}

TEST(Guide, AddsSeveralConditions) {
  const Path path = ve();
  const auto guided = guide(constant(1), {{constant(2), 0.5}, {constant(-3), 0.25}}, constant(0), {}, path);
  EXPECT_DOUBLE_EQ(guided(point(), 1).data.item<double>(), 1 + 0.5 * (2 - 1) + 0.25 * (-3 - 1));
}

TEST(Guide, HasTheVarianceOfTheFirstCondition) {
  const Path path = ve();
  const auto sure = [](double value, double share) -> Denoise {
    return [value, share](const torch::Tensor& x, double) -> Estimate {
      return {torch::full_like(x, value), torch::full_like(x, share)};
    };
  };
  const auto guided = guide(sure(1, 0.1), {{sure(2, 0.2), 1.5}, {sure(3, 0.3), 0.25}}, sure(2, 0.2), {}, path);
  EXPECT_DOUBLE_EQ(guided(point(), 1).variance.item<double>(), 0.2);
}

TEST(Guide, IsTheConditionalModelAtStrengthOneAndAsksNothingElse) {
  const Path path = ve();
  int base_calls = 0;
  const auto guided = guide(constant(2, &base_calls), {{constant(5), 1}}, constant(5), {}, path);
  EXPECT_DOUBLE_EQ(guided(point(), 1).data.item<double>(), 5);
  EXPECT_EQ(base_calls, 0);
}

TEST(Guide, IsTheBaseAtStrengthZero) {
  const Path path = ve();
  EXPECT_DOUBLE_EQ(guide(constant(2), {{constant(5), 0}}, constant(5), {}, path)(point(), 1).data.item<double>(), 2);
}

TEST(Guide, ActsInsideTheIntervalOfRatiosOnly) {
  const Path path = vp(linear_betas());
  int base_calls = 0;
  const auto guided = guide(constant(2, &base_calls), {{constant(5), 2}}, constant(7), {0.2, 3}, path);
  const auto at_ratio = [&](double ratio) { return guided(point(), path.time_of_ratio(ratio)).data.item<double>(); };
  EXPECT_DOUBLE_EQ(at_ratio(0.1), 7);
  EXPECT_DOUBLE_EQ(at_ratio(5), 7);
  EXPECT_EQ(base_calls, 0);
  EXPECT_DOUBLE_EQ(at_ratio(1), 8);
  EXPECT_EQ(base_calls, 1);
}

TEST(Guide, RefusesWhatIsNoGuidance) {
  const Path path = ve();
  EXPECT_THROW(guide(constant(1), {}, constant(1), {}, path), std::invalid_argument);
  EXPECT_THROW(guide(constant(1), {{constant(1), std::nan("")}}, constant(1), {}, path), std::invalid_argument);
  EXPECT_THROW(guide(constant(1), {{constant(1), 1.0}}, constant(1), {2, 1}, path), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::diffusion
