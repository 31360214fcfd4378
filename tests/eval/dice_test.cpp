// Dice counted by hand, and what happens where there is nothing to score.
#include "eval/dice.h"

#include "tests/eval/support.h"

#include <cmath>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

torch::Tensor stack(std::vector<std::uint8_t> values) {
  const auto count = static_cast<std::int64_t>(values.size()) / 4;
  return torch::tensor(values, torch::kUInt8).view({count, 2, 2});
}

TEST(ScorePatients, CountsAllSlicesOfAPatientAsOneVolume) {
  // Patient 0: slices 0 and 2; patient 1: slice 1. By slice the first patient's Dice would be (1 + 0) / 2.
  const torch::Tensor reference = stack({1, 1, 0, 0, /**/ 2, 2, 2, 0, /**/ 1, 0, 0, 0});
  const torch::Tensor prediction = stack({1, 1, 0, 0, /**/ 2, 2, 0, 0, /**/ 0, 0, 0, 1});
  const PatchSet set = test::patch_set(torch::zeros({3, 2, 2}, torch::kInt16), reference, {0, 1, 0});
  const auto scores = score_patients(set, prediction);
  ASSERT_EQ(scores.size(), 2u);
  EXPECT_DOUBLE_EQ(scores[0].dice[1], 2.0 * 2 / (3 + 3));
  EXPECT_DOUBLE_EQ(scores[1].dice[2], 2.0 * 2 / (3 + 2));
  EXPECT_TRUE(std::isnan(scores[0].dice[0]));
}

TEST(ScorePatients, LeavesOutOrgansThatWereNotContoured) {
  const torch::Tensor reference = stack({1, 1, 0, 0});
  PatchSet set = test::patch_set(torch::zeros({1, 2, 2}, torch::kInt16), reference, {0});
  set.contoured[0] = {true, false, true};
  const auto scores = score_patients(set, reference);
  EXPECT_TRUE(std::isnan(scores[0].dice[1]));
  EXPECT_TRUE(std::isnan(mean_scored(scores[0].dice)));
}

TEST(ScorePatients, CountsTheSeriesInWhichAnOrganWasContoured) {
  // One patient, two series: organ 1 was contoured in the first alone, organ 2 in both.
  const torch::Tensor reference = stack({1, 1, 2, 0, /**/ 0, 0, 2, 2});
  const torch::Tensor prediction = stack({1, 0, 2, 0, /**/ 1, 1, 2, 0});
  PatchSet set = test::patch_set(torch::zeros({2, 2, 2}, torch::kInt16), reference, {0, 0});
  set.series = {0, 1};
  set.contoured = {{true, true, true}, {true, false, true}};
  const auto scores = score_patients(set, prediction);
  ASSERT_EQ(scores.size(), 1u);
  EXPECT_DOUBLE_EQ(scores[0].dice[1], 2.0 * 1 / (2 + 1));
  EXPECT_DOUBLE_EQ(scores[0].dice[2], 2.0 * 2 / (3 + 2));
}

TEST(ScorePatients, TellsTheVolumePredictedWhereTheReferenceIsEmpty) {
  const torch::Tensor reference = stack({1, 1, 0, 0}), prediction = stack({1, 1, 2, 2});
  const PatchSet set = test::patch_set(torch::zeros({1, 2, 2}, torch::kInt16), reference, {0});
  const auto scores = score_patients(set, prediction);
  EXPECT_TRUE(std::isnan(scores[0].dice[2]));
  EXPECT_DOUBLE_EQ(scores[0].false_positive_mm3[2], 2 * 6.0);  // two voxels of 1 x 2 x 3 mm
  EXPECT_DOUBLE_EQ(scores[0].false_positive_mm3[1], 0);
  EXPECT_DOUBLE_EQ(mean_scored(scores[0].dice), 1);
}

TEST(ScorePatients, RefusesAnotherNumberOfPatchesAndUnknownLabels) {
  const torch::Tensor reference = stack({1, 1, 0, 0});
  const PatchSet set = test::patch_set(torch::zeros({1, 2, 2}, torch::kInt16), reference, {0});
  EXPECT_THROW(score_patients(set, stack({1, 1, 0, 0, 1, 1, 0, 0})), std::invalid_argument);
  EXPECT_THROW(score_patients(set, stack({9, 1, 0, 0})), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
