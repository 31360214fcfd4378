// The body is found beside a couch, windows lie where computed by hand, and what is beyond the grid is padding.
#include "io/volume/patch.h"

#include <cmath>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

// An elliptic cylinder of water in air about (cx, cy), 2 mm voxels.
Volume cylinder(double cx, double cy, double rx, double ry) {
  Volume volume;
  volume.geometry.size = {100, 90, 12};
  volume.geometry.spacing_mm = {2, 2, 5};
  for (int z = 0; z < 12; ++z)
    for (int y = 0; y < 90; ++y)
      for (int x = 0; x < 100; ++x)
        volume.hu.push_back(std::hypot((x - cx) / rx, (y - cy) / ry) < 1 ? std::int16_t{0} : std::int16_t{-1000});
  return volume;
}

TEST(Patch, BodyCentreIsTheCentroid) {
  const auto centre = body_centre(cylinder(40, 52, 25, 18));
  ASSERT_TRUE(centre.has_value());
  EXPECT_NEAR((*centre)[0], 40, 0.5);
  EXPECT_NEAR((*centre)[1], 52, 0.5);
  EXPECT_NEAR((*centre)[2], 5.5, 0.5);
}

TEST(Patch, CouchTouchingTheBodyDoesNotMoveTheCentre) {
  Volume volume = cylinder(40, 40, 25, 18);
  for (int z = 0; z < 12; ++z)
    for (int y = 58; y < 60; ++y)
      for (int x = 0; x < 100; ++x) volume.hu[static_cast<std::size_t>((z * 90 + y) * 100 + x)] = 100;
  const auto centre = body_centre(volume);
  ASSERT_TRUE(centre.has_value());
  EXPECT_NEAR((*centre)[0], 40, 1);
  EXPECT_NEAR((*centre)[1], 40, 1);
}

TEST(Patch, OfTwoBodiesTheLargerCountsAndAirHasNone) {
  Volume volume = cylinder(70, 45, 20, 20);
  for (int z = 0; z < 12; ++z)
    for (int y = 5; y < 20; ++y)
      for (int x = 5; x < 20; ++x) volume.hu[static_cast<std::size_t>((z * 90 + y) * 100 + x)] = 50;
  EXPECT_NEAR((*body_centre(volume))[0], 70, 0.5);
  volume.hu.assign(volume.hu.size(), -1000);
  EXPECT_FALSE(body_centre(volume).has_value());
  volume.hu[5] = 1000;  // a block averages it away
  EXPECT_FALSE(body_centre(volume).has_value());
}

TEST(Patch, ABodyThinnerThanTheOpeningIsStillFound) { EXPECT_NEAR((*body_centre(cylinder(60, 30, 3, 3)))[0], 60, 1.5); }

TEST(Patch, WindowsAboutACentreByHand) {
  const Window2d even = window_about(49.5, 49.5, 64, 32);  // the middle of a grid of 100
  EXPECT_EQ(even.x, 18);
  EXPECT_EQ(even.y, 34);
  const Window2d larger = window_about(4.5, 4.5, 16, 16);  // a grid of 10: padded by 3 all round
  EXPECT_EQ(larger.x, -3);
}

TEST(Patch, GridReachesTheEndAndCentresSmallAxes) {
  const auto windows = window_grid(100, 20, 40, 30, 30, 30);
  ASSERT_EQ(windows.size(), 3u);
  EXPECT_EQ(windows[0].x, 0);
  EXPECT_EQ(windows[1].x, 30);
  EXPECT_EQ(windows[2].x, 60);
  EXPECT_EQ(windows[0].y, -5);
  const auto apart = window_grid(95, 80, 40, 40, 40, 40);
  ASSERT_EQ(apart.size(), 6u);
  EXPECT_EQ(apart[0].x, -12);
  EXPECT_EQ(apart[1].x, 28);
  EXPECT_EQ(apart[2].x, 68);
  EXPECT_EQ(apart[0].y, 0);
  const auto gaps = window_grid(333, 70, 256, 64, 512, 128);
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].x, 38);
  EXPECT_EQ(gaps[0].y, 3);
  EXPECT_EQ(window_grid(100, 40, 40, 40, 50, 50)[1].x, 55);
  EXPECT_EQ(window_grid(80, 80, 40, 40, 40, 40).size(), 4u);
  EXPECT_THROW(window_grid(80, 80, 40, 40, 0, 40), std::invalid_argument);
}

TEST(Patch, CoveredPartIsClippedToTheGrid) {
  const Window2d part = covered_part({{-5, 3, 20, 10}, {10, 8, 20, 10}}, 25, 100);
  EXPECT_EQ(part.x, 0);
  EXPECT_EQ(part.width, 25);
  EXPECT_EQ(part.y, 3);
  EXPECT_EQ(part.height, 15);
  EXPECT_EQ(covered_part({{200, 3, 20, 10}}, 25, 100).width, 1);
}

TEST(Patch, CutPadsBeyondTheSlice) {
  std::vector<std::int16_t> data(24), patch;
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::int16_t>(i);
  cut(data, {4, 3, 2}, 1, {-1, 1, 3, 3}, kPaddingHu, patch);
  EXPECT_EQ(patch, (std::vector<std::int16_t>{-1024, 16, 17, -1024, 20, 21, -1024, -1024, -1024}));
  cut(data, {4, 3, 2}, 0, {9, 9, 1, 1}, kPaddingHu, patch);
  EXPECT_EQ(patch, (std::vector<std::int16_t>{-1024}));
  EXPECT_THROW(cut(data, {4, 3, 2}, 2, {0, 0, 1, 1}, kPaddingHu, patch), std::invalid_argument);
}

TEST(Patch, FractionsAndCountsByHand) {
  const std::vector<std::int16_t> hu = {-1024, -500, -499, 40};
  EXPECT_DOUBLE_EQ(fraction_above(hu, -500), 0.5);
  EXPECT_DOUBLE_EQ(fraction_above(hu, -500.5), 0.75);
  EXPECT_DOUBLE_EQ(fraction_above({}, 0), 0);
  const std::vector<std::uint8_t> mask = {0, 7, 7, 255};
  EXPECT_EQ(label_counts(mask)[7], 2);
  EXPECT_EQ(label_counts(mask)[255], 1);
}

}  // namespace
}  // namespace ctforge::io
