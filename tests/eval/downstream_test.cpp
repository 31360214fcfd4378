// The experiment's figures by hand: seeds averaged first, differences paired, collapsed organs named.
#include "eval/downstream.h"

#include "eval/dice.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

// One cell of two patients and one organ each (label 1), label 2 not scored in the second patient. Distances are ten
// times what Dice lacks.
std::vector<PatientScores> cell(double first, double second, double other) {
  const auto of = [](std::int32_t patient, double one, double two) {
    const std::vector<double> dice = {kNotScored, one, two}, distance = {kNotScored, 10 - 10 * one, 10 - 10 * two};
    return PatientScores{patient, {dice, distance, dice}, {0, 0, 0}};
  };
  return {of(0, first, other), of(1, second, kNotScored)};
}

TEST(Summarise, AveragesSeedsWithinPatientsAndPairsTheDifference) {
  const Arm real{"real", {cell(0.6, 0.4, 0.5), cell(0.8, 0.6, 0.7)}};
  const Arm with{"with", {cell(0.8, 0.5, 0.7), cell(0.8, 0.7, 0.9)}};
  const Experiment experiment = summarise({real, with}, 500, 1);
  const OrganSummary& organ = experiment.arms[0].organs[0][1];
  EXPECT_DOUBLE_EQ(organ.per_patient[0], 0.7);
  EXPECT_DOUBLE_EQ(organ.per_patient[1], 0.5);
  EXPECT_DOUBLE_EQ(organ.per_seed[1], 0.7);
  EXPECT_DOUBLE_EQ(organ.interval.mean, 0.6);
  EXPECT_EQ(experiment.arms[0].organs[0][2].interval.count, 1);
  const Difference& difference = experiment.differences[0][0][1];
  EXPECT_NEAR(difference.per_patient[0], 0.1, 1e-12);
  EXPECT_NEAR(difference.per_patient[1], 0.1, 1e-12);
  EXPECT_NEAR(difference.interval.low, 0, 1e-12);  // patient 0 with seed 1 alone
  EXPECT_NEAR(difference.interval.high, 0.2, 1e-12);
  EXPECT_TRUE(std::isnan(experiment.differences[0][0][2].per_patient[1]));
  // The mean over organs: patient 0 has two, patient 1 one.
  EXPECT_DOUBLE_EQ(experiment.arms[0].organs[0][0].per_patient[0], (0.55 + 0.75) / 2);
  EXPECT_DOUBLE_EQ(experiment.arms[0].organs[0][0].per_patient[1], 0.5);
  EXPECT_TRUE(difference.valid);
}

TEST(Summarise, FlagsAnOrganThatCollapsedInTheBaseline) {
  const Arm real{"real", {cell(0.01, 0.0, 0.5), cell(0.8, 0.6, 0.7)}};
  const Arm with{"with", {cell(0.8, 0.5, 0.7), cell(0.8, 0.7, 0.9)}};
  const Experiment experiment = summarise({real, with}, 100, 1);
  ASSERT_EQ(experiment.arms[0].collapsed.size(), 1u);
  EXPECT_EQ(experiment.arms[0].collapsed[0].label, 1u);
  EXPECT_EQ(experiment.arms[0].collapsed[0].seed, 0u);
  EXPECT_TRUE(experiment.arms[1].collapsed.empty());
  EXPECT_FALSE(experiment.differences[0][0][1].valid);
  EXPECT_FALSE(experiment.differences[0][0][0].valid);
  EXPECT_TRUE(experiment.differences[0][0][2].valid);
}

TEST(Summarise, BlamesTheBaselineWhenNobodyLearnsAnOrgan) {
  const Arm real{"real", {cell(0, 0, 0.5)}}, with{"with", {cell(0, 0, 0.7)}};
  const Experiment experiment = summarise({real, with}, 100, 1);
  EXPECT_EQ(experiment.arms[0].collapsed.size(), 1u);
  EXPECT_TRUE(experiment.arms[1].collapsed.empty());
}

TEST(Summarise, EveryArmIsComparedWithTheFirstByEveryMeasure) {
  const Arm real{"real", {cell(0.6, 0.4, 0.5)}}, with{"with", {cell(0.8, 0.5, 0.7)}},
      less{"less", {cell(0.5, 0.3, 0.5)}};
  const Experiment experiment = summarise({real, with, less}, 100, 1);
  ASSERT_EQ(experiment.differences.size(), 2u);
  EXPECT_NEAR(experiment.differences[0][1][1].interval.mean, -1.5, 1e-12);
  EXPECT_NEAR(experiment.differences[1][0][1].interval.mean, -0.1, 1e-12);
  EXPECT_NEAR(experiment.differences[1][2][1].interval.mean, -0.1, 1e-12);
}

TEST(Summarise, CountsWhatWasMissedAndLeavesItOutOfTheMean) {
  Arm real{"real", {cell(0.6, 0.4, 0.5), cell(0.8, 0.4, 0.5)}};
  for (auto& own : real.cells) own[1].values[1][1] = std::numeric_limits<double>::infinity();
  real.cells[0][0].values[1][1] = std::numeric_limits<double>::infinity();
  const Experiment experiment = summarise({real}, 100, 1);
  const OrganSummary& distance = experiment.arms[0].organs[1][1];
  EXPECT_EQ(distance.missed, 3);
  EXPECT_EQ(distance.interval.count, 1);
  EXPECT_NEAR(distance.interval.mean, 2, 1e-12);
  EXPECT_TRUE(std::isnan(distance.per_patient[1]));
  EXPECT_EQ(experiment.arms[0].organs[1][0].missed, 3);
  EXPECT_TRUE(experiment.differences.empty());
}

TEST(Summarise, ComparesDistancesOfWhatBothFound) {
  // In patient 0 the baseline misses organ 2 with the first seed; the arm finds it there, far off.
  Arm real{"real", {cell(0.7, 0.4, 0.5), cell(0.7, 0.4, 0.5)}},
      with{"with", {cell(0.8, 0.4, 0.1), cell(0.8, 0.4, 0.6)}};
  real.cells[0][0].values[1][2] = std::numeric_limits<double>::infinity();
  const Experiment experiment = summarise({real, with}, 100, 1);
  const Difference& organ = experiment.differences[0][1][2];
  EXPECT_NEAR(organ.per_patient[0], -1, 1e-12);  // 4 - 5 mm, of the second seed alone
  const Difference& mean = experiment.differences[0][1][0];
  EXPECT_NEAR(mean.per_patient[0], -1, 1e-12);  // -1 of organ 1; -1 of both in the second seed
  EXPECT_NEAR(mean.per_patient[1], 0, 1e-12);
}

TEST(Summarise, AnIntervalHoldsWhatSeedsAloneMake) {
  const Arm real{"real", {cell(0.5, 0.5, 0.5), cell(0.5, 0.5, 0.5)}};
  const Arm with{"with", {cell(0.6, 0.6, 0.6), cell(0.4, 0.4, 0.4)}};
  const Interval interval = summarise({real, with}, 1000, 1).differences[0][0][0].interval;
  EXPECT_NEAR(interval.mean, 0, 1e-12);
  EXPECT_NEAR(interval.low, -0.1, 1e-12);
  EXPECT_NEAR(interval.high, 0.1, 1e-12);
}

TEST(Summarise, RefusesArmsThatCannotBePaired) {
  const Arm real{"real", {cell(0.6, 0.4, 0.5)}};
  Arm fewer = real;
  fewer.cells[0].pop_back();
  EXPECT_THROW(summarise({real, fewer}, 100, 1), std::invalid_argument);
  EXPECT_THROW(summarise({real, {"with", {}}}, 100, 1), std::invalid_argument);
  EXPECT_THROW(summarise({}, 100, 1), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
