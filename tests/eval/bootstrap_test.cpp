// The bootstrap against the normal limit and itself, Wilcoxon's test against SciPy.
#include "eval/bootstrap.h"

#include "io/file/random.h"
#include "tests/eval/support.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(BootstrapMean, IntervalTendsToThatOfTheNormalMean) {
  io::Random random(7);
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(random.normal(2, 1));
  const Interval interval = bootstrap_mean({values}, 10000, 1);
  EXPECT_EQ(interval.count, 400);
  // 1.96 / sqrt(400) = 0.098, to within the scatter of the sample's own deviation.
  EXPECT_NEAR(interval.high - interval.mean, 0.098, 0.01);
  EXPECT_NEAR(interval.mean - interval.low, 0.098, 0.01);
}

TEST(BootstrapMean, IsTheSameForTheSameSeedAndHoldsTheMean) {
  const std::vector<double> values = {0.1, -0.2, 0.05, 0.3, 0.0};
  const Interval a = bootstrap_mean({values}, 2000, 5), b = bootstrap_mean({values}, 2000, 5);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  EXPECT_DOUBLE_EQ(a.mean, 0.05);
  EXPECT_LT(a.low, a.mean);
  EXPECT_GT(a.high, a.mean);
}

TEST(BootstrapMean, OfTwoValuesHasTheExtremesAsItsLimits) {
  // A quarter of all draws are both the smaller value, a quarter both the larger.
  const Interval interval = bootstrap_mean({{1, 3}}, 2000, 1);
  EXPECT_DOUBLE_EQ(interval.low, 1);
  EXPECT_DOUBLE_EQ(interval.high, 3);
}

TEST(BootstrapMean, SaysNothingWithoutValuesAndRefusesNonsense) {
  const Interval none = bootstrap_mean({}, 100, 1);
  EXPECT_EQ(none.count, 0);
  EXPECT_TRUE(std::isnan(none.mean));
  EXPECT_EQ(bootstrap_mean({{kNaN}, {kNaN}}, 100, 1).count, 0);
  EXPECT_THROW(bootstrap_mean({{1, std::numeric_limits<double>::infinity()}}, 100, 1), std::invalid_argument);
  EXPECT_THROW(bootstrap_mean({{1, 2}, {1}}, 100, 1), std::invalid_argument);
  EXPECT_THROW(bootstrap_mean({{1}}, 0, 1), std::invalid_argument);
  EXPECT_THROW(bootstrap_mean({{1}}, 10, 1, 1.0), std::invalid_argument);
}

TEST(BootstrapMean, DrawsSeedsToo) {
  // Patients alike, seeds not: a quarter of all draws are the one seed twice, a quarter the other.
  const Interval interval = bootstrap_mean({{1, 1, 1}, {3, 3, 3}}, 2000, 1);
  EXPECT_DOUBLE_EQ(interval.mean, 2);
  EXPECT_DOUBLE_EQ(interval.low, 1);
  EXPECT_DOUBLE_EQ(interval.high, 3);
}

TEST(BootstrapMean, IsOverPatientsWithAScoreEachOverItsOwnSeeds) {
  const SeedScores scores = {{1, kNaN, kNaN}, {3, 5, kNaN}};
  const Interval interval = bootstrap_mean(scores, 500, 1);
  EXPECT_EQ(interval.count, 2);
  EXPECT_DOUBLE_EQ(interval.mean, 3.5);  // 2 and 5
  EXPECT_GE(interval.low, 1);
  EXPECT_LE(interval.high, 5);
  const std::vector<double> means = over_seeds(scores);
  EXPECT_EQ(means[0], 2);
  EXPECT_EQ(means[1], 5);
  EXPECT_TRUE(std::isnan(means[2]));
  EXPECT_DOUBLE_EQ(mean_of(scores, {{1, 1}, {0, 1, 1}}), 13.0 / 3);
  EXPECT_TRUE(std::isnan(mean_of(scores, {{0}, {1, 2}})));
}

TEST(Wilcoxon, EqualsSciPys) {
  for (const auto& reference : test::oracle().at("wilcoxon")) {
    const auto values = reference.at("values").get<std::vector<double>>();
    EXPECT_NEAR(wilcoxon_p(values), reference.at("p").get<double>(), 1e-9) << values.size();
  }
  EXPECT_TRUE(std::isnan(wilcoxon_p({0, 0})));
}

}  // namespace
}  // namespace ctforge::eval
