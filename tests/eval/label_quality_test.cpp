// Quality of labels: measures by hand, learned ranges, and faults that are found.
#include "eval/label_quality.h"

#include "tests/eval/support.h"

#include <algorithm>
#include <iterator>

#include <gtest/gtest.h>
#include <torch/types.h>

namespace ctforge::eval {
namespace {

std::vector<std::string> reasons(const PatchSet& set, const std::vector<std::optional<LabelRange>>& ranges) {
  std::vector<std::string> names;
  for (const LabelFinding& finding : measure_labels(set))
    for (const std::size_t measure : violations(finding, ranges)) names.emplace_back(kLabelMeasures[measure]);
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

TEST(LabelQuality, MeasuresALabel) {
  torch::Tensor hu = torch::full({1, 8, 8}, -1000, torch::kInt16), mask = torch::zeros({1, 8, 8}, torch::kUInt8);
  hu.slice(2, 0, 4) = 10;  // the body's centre is x = 1.5, y = 3.5
  mask[0][3][2] = mask[0][3][3] = 2;
  mask[0][4][1] = 2;  // touches at a corner
  mask[0][0][0] = 2;
  hu[0][0][0] = 50;
  const auto found = measure_labels(test::patch_set(hu, mask, {0}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].label, 2);
  EXPECT_DOUBLE_EQ(found[0].value[1], 20);
  EXPECT_DOUBLE_EQ(found[0].value[2], 38);    // 90th percentile of 10, 10, 10, 50
  EXPECT_DOUBLE_EQ(found[0].value[3], 8);     // pixels of 1 mm x 2 mm
  EXPECT_DOUBLE_EQ(found[0].value[4], 2);     // pieces
  EXPECT_DOUBLE_EQ(found[0].value[5], 0);     // (2 + 3 + 1 + 0) / 4 - 1.5
  EXPECT_DOUBLE_EQ(found[0].value[6], -2.0);  // 2 mm (10 / 4 - 3.5)
}

TEST(LabelQuality, FindsWhatTrainingNeverShowed) {
  const PatchSet train = test::shapes(200, 32, 1), fresh = test::shapes(100, 32, 2);
  const auto ranges = learn_ranges(measure_labels(train), 3);
  ASSERT_TRUE(ranges[1] && ranges[2]);
  EXPECT_FALSE(ranges[0]);
  EXPECT_LT(reasons(fresh, ranges).size(), 10u);  // of 100 patches with two labels

  const Pixels pixels = fresh.all();
  const auto altered = [&](const torch::Tensor& hu, const torch::Tensor& mask) {
    return reasons(test::patch_set(hu, mask, fresh.patient), ranges);
  };
  EXPECT_TRUE(has(altered(pixels.hu + 200, pixels.mask), "hu_mean"));
  EXPECT_TRUE(has(altered(pixels.hu, (pixels.mask > 0).to(torch::kUInt8)), "pieces"));  // squares called discs
  EXPECT_TRUE(has(altered(pixels.hu.flip(2), pixels.mask.flip(2)), "offset_x_mm"));     // discs are always on the left
}

TEST(LabelQuality, PlausiblePatchesHaveNoViolation) {
  const PatchSet train = test::shapes(200, 32, 1), fresh = test::shapes(40, 32, 2);
  const Pixels pixels = fresh.all();
  const torch::Tensor hu = pixels.hu.clone();
  hu.narrow(0, 10, 5).add_(200);
  const Indices before = plausible(fresh, train),
                kept = plausible(test::patch_set(hu, pixels.mask, fresh.patient), train);
  Indices expected;
  std::copy_if(before.begin(), before.end(), std::back_inserter(expected),
               [](std::int64_t patch) { return patch < 10 || patch >= 15; });
  EXPECT_GT(before.size(), 30u);
  EXPECT_EQ(kept, expected);
}

TEST(LabelQuality, DoesNotJudgeWhatItHardlySaw) {
  const PatchSet train = test::shapes(20, 32, 1);
  const auto ranges = learn_ranges(measure_labels(train), 3);
  EXPECT_FALSE(ranges[1]);
  EXPECT_TRUE(reasons(test::shapes(20, 32, 2), ranges).empty());
}

}  // namespace
}  // namespace ctforge::eval
