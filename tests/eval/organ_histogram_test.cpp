// HU under the masks of patches whose voxels can be counted by hand.
#include "eval/organ_histogram.h"

#include "tests/eval/support.h"

#include <cmath>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

// Two patches of 1 x 4: label 1 is at 10 and 20 HU in the first, at 2000 HU in the second; label 2 at -50 HU.
PatchSet two_patches() {
  const torch::Tensor hu = torch::tensor({10, 20, -50, 0, 2000, 0, 0, 0}, torch::kInt16).view({2, 1, 4});
  const torch::Tensor mask = torch::tensor({1, 1, 2, 0, 1, 0, 0, 0}, torch::kUInt8).view({2, 1, 4});
  return test::patch_set(hu, mask, {0, 1});
}

TEST(OrganHistograms, CountVoxelsUnderEachLabelForEachDraw) {
  const PatchSet set = two_patches();
  const Indices first = {0}, both = {0, 1}, twice = {1, 1};
  const torch::Tensor histograms = organ_histograms(set, {&first, &both, &twice}, {-100, 100});
  ASSERT_EQ(histograms.sizes(), torch::IntArrayRef({3, 3, 201}));
  EXPECT_EQ(histograms[0][1].sum().item<double>(), 2);
  EXPECT_EQ(histograms[0][1][110].item<double>(), 1);
  EXPECT_EQ(histograms[1][1][200].item<double>(), 1);  // clipped to the window's end
  EXPECT_EQ(histograms[2][1][200].item<double>(), 2);  // drawn twice
  EXPECT_EQ(histograms[1][2][50].item<double>(), 1);
  EXPECT_EQ(histograms[2][2].sum().item<double>(), 0);
  EXPECT_THROW(organ_histograms(set, {&first}, {5, 5}), std::invalid_argument);
}

TEST(HuMoments, AreThoseOfTheVoxels) {
  const Indices first = {0};
  const torch::Tensor histograms = organ_histograms(two_patches(), {&first}, {-100, 100});
  const HuMoments moments = hu_moments(histograms[0][1], -100);
  EXPECT_DOUBLE_EQ(moments.mean_hu, 15);
  EXPECT_DOUBLE_EQ(moments.sd_hu, 5);
  EXPECT_TRUE(std::isnan(hu_moments(torch::zeros({201}, torch::kFloat64), -100).mean_hu));
}

}  // namespace
}  // namespace ctforge::eval
