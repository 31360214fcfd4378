// Schedules against hand-computed values.
#include "models/train/learning_rate.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::train {
namespace {

TEST(LearningRate, WarmsUpLinearlyThenStays) {
  const LearningRateOptions options{.peak = 1e-3, .schedule = Schedule::Constant, .warmup_steps = 4, .steps = 100};
  EXPECT_DOUBLE_EQ(learning_rate(options, 0), 0.25e-3);
  EXPECT_DOUBLE_EQ(learning_rate(options, 3), 1e-3);
  EXPECT_DOUBLE_EQ(learning_rate(options, 99), 1e-3);
}

TEST(LearningRate, CosineIsHalfInTheMiddleAndZeroAtTheEnd) {
  const LearningRateOptions options{.peak = 2, .schedule = Schedule::Cosine, .warmup_steps = 10, .steps = 110};
  EXPECT_DOUBLE_EQ(learning_rate(options, 10), 2);
  EXPECT_NEAR(learning_rate(options, 60), 1, 1e-12);
  EXPECT_NEAR(learning_rate(options, 110), 0, 1e-12);
}

TEST(LearningRate, InverseSquareRootHalvesAtFourTimesTheReference) {
  const LearningRateOptions options{
      .peak = 1, .schedule = Schedule::InverseSqrt, .steps = 1000, .reference_steps = 100};
  EXPECT_DOUBLE_EQ(learning_rate(options, 50), 1);
  EXPECT_DOUBLE_EQ(learning_rate(options, 100), 1);
  EXPECT_DOUBLE_EQ(learning_rate(options, 400), 0.5);
}

TEST(LearningRate, UnknownScheduleIsRefused) {
  EXPECT_EQ(schedule_from_name("cosine"), Schedule::Cosine);
  EXPECT_THROW(schedule_from_name("linear"), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::train
