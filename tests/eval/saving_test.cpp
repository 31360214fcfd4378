// Savings in closed form: learning curves that are lines.
#include "eval/saving.h"

#include <limits>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

// Mean Dice 0.5 at 10 training patients, 0.6 at 20, 0.8 at 40, the same in both test patients.
std::vector<LearningPoint> line(double gain) {
  std::vector<LearningPoint> points;
  for (const auto& [patients, dice] : {std::pair{10.0, 0.5}, std::pair{20.0, 0.6}, std::pair{40.0, 0.8}})
    points.push_back({patients, {{dice, dice}}, {{dice + gain, dice + gain}}});
  return points;
}

TEST(Savings, FollowFromALine) {
  const auto found = savings(line(0.05), 100, 1);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_NEAR(found[0].needed, 15, 1e-9);  // 0.55 lies between 10 and 20
  EXPECT_NEAR(found[0].part, 1.0 / 3, 1e-9);
  EXPECT_EQ(found[0].bound, Bound::None);
  EXPECT_NEAR(found[1].needed, 25, 1e-9);
  EXPECT_NEAR(found[1].part, 0.2, 1e-9);
  // All patients alike: every resample is the same curve.
  EXPECT_NEAR(found[1].low, 0.2, 1e-9);
  EXPECT_NEAR(found[1].high, 0.2, 1e-9);
}

TEST(Savings, BeyondTheCurveAreBounds) {
  const auto more = savings(line(0.05), 10, 1);
  EXPECT_EQ(more[2].bound, Bound::Lower);
  EXPECT_DOUBLE_EQ(more[2].part, 0);  // at least none
  const auto less = savings(line(-0.15), 10, 1);
  EXPECT_EQ(less[1].bound, Bound::Upper);
  EXPECT_DOUBLE_EQ(less[1].part, -1);  // 20 patients where 10 would do
  EXPECT_EQ(savings(line(0), 10, 1)[0].bound, Bound::None);
}

TEST(Savings, AreNegativeWhereSyntheticDataCost) {
  const auto found = savings(line(-0.1), 10, 1);
  EXPECT_NEAR(found[2].needed, 30, 1e-9);  // 0.7
  EXPECT_NEAR(found[2].part, 1 - 40.0 / 30, 1e-9);
}

TEST(Savings, TheFirstCrossingCounts) {
  auto points = line(0);
  points[1].real = {{0.9, 0.9}};  // above what comes after it
  points[0].with_synthetic = {{0.7, 0.7}};
  EXPECT_NEAR(savings(points, 10, 1)[0].needed, 15, 1e-9);
}

// At the first point half of what is drawn gains 0.1, the other half nothing.
void expect_half_gains(const std::vector<LearningPoint>& points) {
  const Saving saving = savings(points, 2000, 1)[0];
  EXPECT_NEAR(saving.needed, 15, 1e-9);
  EXPECT_NEAR(saving.low, 0, 1e-9);
  EXPECT_NEAR(saving.high, 0.5, 1e-9);
}

TEST(Savings, IntervalsComeFromTheTestPatients) {
  auto points = line(0);
  points[0].with_synthetic = {{0.5, 0.6}};  // one patient gains, the other does not
  expect_half_gains(points);
}

TEST(Savings, IntervalsComeFromTheSeedsToo) {
  auto points = line(0);
  for (auto& point : points) {
    point.real.push_back(point.real[0]);
    point.with_synthetic.push_back(point.with_synthetic[0]);
  }
  points[0].with_synthetic[1] = {0.6, 0.6};  // one seed gains, the other does not
  expect_half_gains(points);
}

TEST(Savings, AreVoidWhereAnOrganCollapsed) {
  auto points = line(0.05);
  points[1].synthetic_valid = false;
  const auto own = savings(points, 10, 1);
  EXPECT_TRUE(own[0].valid);
  EXPECT_FALSE(own[1].valid);
  points[2].real_valid = false;  // any saving may be read off a dent in the real curve
  EXPECT_FALSE(savings(points, 10, 1)[0].valid);
}

TEST(Savings, NeedACurve) {
  EXPECT_TRUE(savings({line(0)[0]}, 10, 1).empty());
  auto points = line(0);
  points[0].real[0].pop_back();
  EXPECT_THROW(savings(points, 10, 1), std::invalid_argument);
  points = line(0);
  points[1].training_patients = 10;
  EXPECT_THROW(savings(points, 10, 1), std::invalid_argument);
  points = line(0);
  points[0].real[0][0] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(savings(points, 10, 1), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
