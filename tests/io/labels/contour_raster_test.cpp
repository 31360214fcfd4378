// Polygons whose pixels can be counted by hand, and the rules for holes, shared edges and damaged ends.
#include "io/labels/contour_raster.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

// Rows of '#' and '.', top to bottom.
std::string picture(const std::vector<Contour>& contours, std::int64_t columns, std::int64_t rows) {
  const auto inside = fill_even_odd(contours, columns, rows);
  std::string text;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    text += inside[i] != 0 ? '#' : '.';
    if ((i + 1) % static_cast<std::size_t>(columns) == 0) text += '/';
  }
  return text;
}

Contour box(double left, double top, double right, double bottom) {
  return {{left, top}, {right, top}, {right, bottom}, {left, bottom}};
}

TEST(ContourRaster, ASquareOnPixelEdges) {
  EXPECT_EQ(picture({box(0.5, 0.5, 2.5, 3.5)}, 5, 5), "...../.##../.##../.##../...../");
}

// Pixels belong by their centres: an edge a little before or behind them decides.
TEST(ContourRaster, HalfAPixelDecides) {
  EXPECT_EQ(picture({box(0.99, 0, 3.01, 1)}, 5, 2), ".###./...../");
  EXPECT_EQ(picture({box(1.01, 0, 2.99, 1)}, 5, 2), "..#../...../");
  EXPECT_EQ(picture({box(0, 0.01, 1, 1.99)}, 3, 3), ".../#../.../");
}

TEST(ContourRaster, ACentreOnALeftOrUpperEdgeBelongs) {
  EXPECT_EQ(picture({box(1, 1, 3, 3)}, 5, 5), "...../.##../.##../...../...../");
  EXPECT_EQ(picture({box(1, 1, 3, 3), box(3, 1, 4, 3)}, 5, 5), "...../.###./.###./...../...../");
}

// The corners of a square that stands on its tip, with all centres of its lattice on the edges or well inside.
TEST(ContourRaster, ARhombus) {
  EXPECT_EQ(picture({{{2, 0}, {4, 2}, {2, 4}, {0, 2}}}, 5, 5), "...../.##../####./.##../...../");
  EXPECT_EQ(picture({{{2, -0.5}, {4.5, 2}, {2, 4.5}, {-0.5, 2}}}, 5, 5), "..#../.###./#####/.###./..#../");
}

TEST(ContourRaster, AContourInAnotherIsAHole) {
  const std::string ring = ".####./.#..#./.#..#./.####./....../";
  const Contour outer = box(0.5, -0.5, 4.5, 3.5), inner = box(1.5, 0.5, 3.5, 2.5);
  EXPECT_EQ(picture({outer, inner}, 6, 5), ring);
  EXPECT_EQ(picture({inner, outer}, 6, 5), ring);
  EXPECT_EQ(picture({outer, inner, inner}, 6, 5), picture({outer}, 6, 5));
}

// A hole drawn with one contour: in along a channel of no width, round, and out again. The channel runs through pixel
// centres aslant, where a rounding error of either way would leave a trace.
TEST(ContourRaster, AKeyholeLeavesNoTraceOfItsChannel) {
  const Contour keyhole = {{-0.5, -0.5}, {9.5, -0.5}, {9.5, 9.5}, {-0.5, 9.5}, {-0.5, -0.5},  // outside
                           {2.5, 3.6},   {5.5, 3.6},  {5.5, 5.5}, {2.5, 5.5},  {2.5, 3.6}};   // the hole, and back
  EXPECT_EQ(picture({keyhole}, 10, 10), picture({box(-0.5, -0.5, 9.5, 9.5), box(2.5, 3.6, 5.5, 5.5)}, 10, 10));
}

TEST(ContourRaster, RepeatedCornersAndDirectionDoNotMatter) {
  const Contour once = {{0.3, 0.2}, {4.1, 1.3}, {2.2, 4.4}};
  const Contour twice = {{0.3, 0.2}, {0.3, 0.2}, {4.1, 1.3}, {2.2, 4.4}, {2.2, 4.4}, {0.3, 0.2}};
  const Contour back = {{2.2, 4.4}, {4.1, 1.3}, {0.3, 0.2}};
  EXPECT_EQ(picture({once}, 6, 6), picture({twice}, 6, 6));
  EXPECT_EQ(picture({once}, 6, 6), picture({back}, 6, 6));
}

TEST(ContourRaster, PointsAndLinesEncloseNothing) {
  EXPECT_EQ(picture({{}, {{1, 1}}, {{0, 0}, {3, 2}}}, 4, 2), "..../..../");
}

TEST(ContourRaster, WhatLiesBeyondThePixelsIsCutOff) {
  EXPECT_EQ(picture({box(-1e300, -1e9, 1.5, 1e300)}, 3, 2), "##./##./");
  EXPECT_EQ(picture({box(5, 5, 9, 9)}, 3, 2), ".../.../");
}

// The area of a disc, by Gauss: r^2 pi pixels, give or take its rim.
TEST(ContourRaster, ADiscHasItsArea) {
  Contour disc;
  for (int i = 0; i < 720; ++i) {
    const double angle = i * std::acos(-1.0) / 360;
    disc.push_back({50.13 + 40 * std::cos(angle), 49.77 + 40 * std::sin(angle)});
  }
  double area = 0;
  for (const std::uint8_t pixel : fill_even_odd(std::vector<Contour>{disc}, 100, 100)) area += pixel;
  EXPECT_NEAR(area, 1600 * std::acos(-1.0), 12);
}

}  // namespace
}  // namespace ctforge::io
