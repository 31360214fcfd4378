// Scores of a box that is predicted too long, by hand.
#include "eval/patient_scores.h"

#include "eval/surface_distance.h"
#include "tests/eval/support.h"

#include <cmath>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

constexpr std::size_t kDice = 0, kHausdorff = 1, kSurface = 2;

// One patient of slices 0 to 5 of 8 x 8; the reference is a box on slices 1 and 2, the prediction goes on to slice 4.
struct Boxes {
  PatchSet set;
  torch::Tensor prediction;
};

Boxes boxes() {
  const torch::Tensor reference = torch::zeros({6, 8, 8}, torch::kUInt8);
  const torch::Tensor prediction = torch::zeros({6, 8, 8}, torch::kUInt8);
  reference.narrow(0, 1, 2).narrow(1, 2, 4).narrow(2, 2, 4).fill_(1);
  prediction.narrow(0, 1, 4).narrow(1, 2, 4).narrow(2, 2, 4).fill_(1);
  Boxes result{test::patch_set(torch::zeros({6, 8, 8}, torch::kInt16), reference, {0, 0, 0, 0, 0, 0}), prediction};
  for (std::int32_t i = 0; i < 6; ++i) result.set.place[static_cast<std::size_t>(i)].slice = i;
  return result;
}

TEST(ScoreVolumes, OfABoxThatIsTooLong) {
  const auto [set, prediction] = boxes();
  const auto scores = score_volumes(set, prediction, 1);
  ASSERT_EQ(scores.size(), 1u);
  EXPECT_DOUBLE_EQ(scores[0].values[kDice][1], 2.0 * 2 / (2 + 4));
  EXPECT_NEAR(scores[0].values[kHausdorff][1], 6, 1e-9);  // two slices of 3 mm
  EXPECT_TRUE(std::isnan(scores[0].values[kHausdorff][2]));
  // As the measure says of the whole volume, which patches and reference are here.
  const torch::Tensor mask = set.all().mask.contiguous();
  const auto span = [](const torch::Tensor& t) {
    return std::span(t.const_data_ptr<std::uint8_t>(), static_cast<std::size_t>(t.numel()));
  };
  const SurfaceScores whole = surface_scores(span(prediction), span(mask), {6, 8, 8}, {1, 2, 3}, 1, 1);
  EXPECT_DOUBLE_EQ(scores[0].values[kSurface][1], whole.surface_dice);
  EXPECT_LT(whole.surface_dice, 1);
  EXPECT_DOUBLE_EQ(score_volumes(set, prediction, 6.5)[0].values[kSurface][1], 1);
}

TEST(ScoreVolumes, AMissedOrganIsInfinitelyFar) {
  const auto [set, prediction] = boxes();
  const auto scores = score_volumes(set, torch::zeros_like(prediction), 1);
  EXPECT_DOUBLE_EQ(scores[0].values[kDice][1], 0);
  EXPECT_TRUE(std::isinf(scores[0].values[kHausdorff][1]));
  EXPECT_DOUBLE_EQ(scores[0].values[kSurface][1], 0);
}

TEST(ScoreVolumes, AveragesThePatientsSeries) {
  const auto own = boxes();
  PatchSet second = own.set;
  const std::vector<PatchSet> both = {own.set, second};
  const PatchSet set = concatenate(both);
  // The first series as before, the second as the reference has it.
  const torch::Tensor prediction = torch::cat({own.prediction, own.set.all().mask});
  const auto scores = score_volumes(set, prediction, 1);
  ASSERT_EQ(scores.size(), 1u);
  EXPECT_NEAR(scores[0].values[kHausdorff][1], 3, 1e-9);
  const double alone = score_volumes(own.set, own.prediction, 1)[0].values[kSurface][1];
  EXPECT_NEAR(scores[0].values[kSurface][1], (1 + alone) / 2, 1e-12);
}

TEST(ScoreVolumes, RefusesAnotherNumberOfPatches) {
  const auto [set, prediction] = boxes();
  EXPECT_THROW(score_volumes(set, prediction.narrow(0, 0, 5), 1), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
