// Outlines against even-odd filling: the mask comes back, for squares, rings within rings and noise.
#include "io/labels/contour.h"

#include "io/file/random.h"
#include "tests/io/labels/even_odd.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

using Plane = std::vector<std::uint8_t>;

Plane plane_of(const std::vector<std::string>& rows) {
  Plane plane;
  for (const std::string& row : rows)
    for (const char character : row) plane.push_back(character == '#' ? 1 : 0);
  return plane;
}

std::vector<test::Polygon> in_indices(const std::vector<PixelContour>& contours) {
  std::vector<test::Polygon> polygons;
  for (const PixelContour& contour : contours) {
    polygons.emplace_back();
    for (const PixelCorner corner : contour) polygons.back().push_back({corner.x - 0.5, corner.y - 0.5});
  }
  return polygons;
}

// Of polygons that neither overlap nor miss: each pixel of the mask lies in one, every other in none.
void expect_mask_back(const Plane& plane, std::int64_t columns, std::int64_t rows) {
  const auto contours = trace_contours(plane, columns, rows, 1);
  const std::vector<int> filled = test::polygons_about_pixels(in_indices(contours), columns, rows);
  for (std::size_t i = 0; i < plane.size(); ++i) ASSERT_EQ(filled[i], plane[i] == 1 ? 1 : 0) << "pixel " << i;
}

TEST(Contour, OfAPixelIsItsFourCorners) {
  const auto contours = trace_contours(plane_of({"...", ".#.", "..."}), 3, 3, 1);
  ASSERT_EQ(contours.size(), 1U);
  EXPECT_EQ(contours[0], (PixelContour{{1, 1}, {2, 1}, {2, 2}, {1, 2}}));
}

TEST(Contour, LeavesOutCornersOnStraightLines) {
  const auto contours = trace_contours(plane_of({"####", "####"}), 4, 2, 1);
  ASSERT_EQ(contours.size(), 1U);
  EXPECT_EQ(contours[0], (PixelContour{{0, 0}, {4, 0}, {4, 2}, {0, 2}}));
}

TEST(Contour, PixelsThatTouchInACornerAreOutlinedApart) {
  EXPECT_EQ(trace_contours(plane_of({"#.", ".#"}), 2, 2, 1).size(), 2U);
  EXPECT_EQ(trace_contours(plane_of({".#", "#."}), 2, 2, 1).size(), 2U);
}

TEST(Contour, AHoleIsJoinedToItsSurroundings) {
  const Plane plane = plane_of({"#####", "#...#", "#.#.#", "#...#", "#####"});
  const auto contours = trace_contours(plane, 5, 5, 1);
  ASSERT_EQ(contours.size(), 2U);  // the frame with its hole, and what stands in the hole
  EXPECT_EQ(contours[0].size(), 4U + 4U + 3U);
  expect_mask_back(plane, 5, 5);
}

TEST(Contour, HolesInARowAndBesideEachOtherFillBack) {
  expect_mask_back(plane_of({"#######", "#.#.#.#", "#######", "#.#.#.#", "##.#.##", "#######"}), 7, 6);
  expect_mask_back(plane_of({".####", "##..#", "#.#.#", "##.##", ".####"}), 5, 5);
}

TEST(Contour, NoiseFillsBack) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const double share = random.uniform(0.1, 0.9);
    Plane plane(17 * 13);
    for (std::uint8_t& pixel : plane) pixel = random.chance(share) ? 1 : 0;
    expect_mask_back(plane, 17, 13);
  }
}

TEST(Contour, OfAValueThatIsNotThereIsNone) { EXPECT_TRUE(trace_contours(Plane(6, 2), 3, 2, 1).empty()); }

TEST(Contour, RefusesAPlaneOfAnotherSize) { EXPECT_THROW(trace_contours(Plane(5), 3, 2, 1), std::invalid_argument); }

}  // namespace
}  // namespace ctforge::io
