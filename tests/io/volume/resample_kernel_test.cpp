// Kernel weights by hand, and rounding at the limits of int16.
#include "io/volume/resample_kernel.h"

#include <gtest/gtest.h>

namespace ctforge::io::resample_kernel {
namespace {

TEST(ResampleKernel, WeightsByHand) {
  // Six voxels to three: centres at 0.5, 2.5, 4.5, support 2, weights 1/4, 3/4, 3/4, 1/4 of 2, cut off at the edges.
  const Taps taps = make_taps(6, 3, 0.5, 2);
  ASSERT_EQ(taps.width, 4);
  EXPECT_EQ(taps.first, (std::vector<std::int64_t>{0, 1, 2}));
  const std::vector<float> expected = {3.f / 7, 3.f / 7, 1.f / 7, 0,       0.125f,  0.375f,
                                       0.375f,  0.125f,  0,       1.f / 7, 3.f / 7, 3.f / 7};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_FLOAT_EQ(taps.weights[i], expected[i]) << i;
}

TEST(ResampleKernel, IdentityNeedsOneTap) {
  const Taps taps = make_taps(5, 5, 1e-12, 1);
  EXPECT_EQ(taps.width, 1);
  EXPECT_EQ(taps.first, (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
}

TEST(ResampleKernel, CentresOutsideTakeTheNearestVoxel) {
  const Taps taps = make_taps(2, 4, -3, 2);  // centres -3, -1, 1, 3
  const auto weight_of_last = [&](std::int64_t i) {
    return taps.weights_of(i)[static_cast<std::size_t>(1 - taps.first[static_cast<std::size_t>(i)])];
  };
  ASSERT_EQ(taps.width, 2);  // the centre at 1 reaches voxel 0 too
  EXPECT_EQ(weight_of_last(0), 0);
  EXPECT_FLOAT_EQ(weight_of_last(2), 2.f / 3);
  EXPECT_EQ(weight_of_last(3), 1);
}

TEST(ResampleKernel, WeightsSumToOneForAnyRatio) {
  for (const double ratio : {0.3, 0.97, 1.0, 1.11, 2.5, 7.3}) {
    const Taps taps = make_taps(11, 9, 0.5 * ratio - 0.5, ratio);
    for (std::int64_t i = 0; i < 9; ++i) {
      float sum = 0;
      for (const float weight : taps.weights_of(i)) sum += weight;
      EXPECT_NEAR(sum, 1, 1e-6) << ratio << " " << i;
      EXPECT_GE(taps.first[static_cast<std::size_t>(i)], 0);
      EXPECT_LE(taps.first[static_cast<std::size_t>(i)] + taps.width, 11);
    }
  }
}

TEST(ResampleKernel, RoundsToTheNearestWithHalvesToEven) {
  const Plane a = {-32768, 32767, 0.5f, 1.5f, -0.5f, -1.49f, 2.51f};
  std::vector<std::int16_t> out(a.size());
  const std::vector<const float*> one = {a.data()}, three = {a.data(), a.data(), a.data()};
  const std::vector<std::int16_t> expected = {-32768, 32767, 0, 2, 0, -1, 3};
  combine_and_round(one, std::vector<float>{1}, a.size(), out.data());
  EXPECT_EQ(out, expected);
  combine_and_round(three, std::vector<float>{0.25f, 0.5f, 0.25f}, a.size(), out.data());
  EXPECT_EQ(out, expected);
}

TEST(ResampleKernel, BoxesHoldTheirLabels) {
  LabelMap labels;
  labels.geometry.size = {5, 3, 2};
  labels.label.assign(30, 0);
  labels.label[6] = labels.label[7] = 4;  // (1..2, 1, 0)
  labels.label[29] = 4;                   // (4, 2, 1)
  labels.label[8] = 9;
  const auto boxes = label_boxes(labels);
  ASSERT_EQ(boxes.size(), 2u);
  EXPECT_EQ(boxes.at(4).low, (std::array<std::int64_t, 3>{1, 1, 0}));
  EXPECT_EQ(boxes.at(4).high, (std::array<std::int64_t, 3>{4, 2, 1}));
  EXPECT_EQ(boxes.at(9).low, boxes.at(9).high);
}

}  // namespace
}  // namespace ctforge::io::resample_kernel
