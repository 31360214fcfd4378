// Surfaces: closed and turned outwards for any mask, with the volume of the shape; STL byte for byte.
#include "io/volume/surface.h"

#include "io/file/random.h"
#include "tests/support/support.h"

#include <cmath>
#include <cstring>
#include <map>
#include <numbers>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

using Point = std::array<float, 3>;

// Of a closed surface, by the divergence theorem; positive where triangles are anticlockwise from outside.
double volume_of(const std::vector<Triangle>& surface) {
  double volume = 0;
  for (const Triangle& t : surface) {
    Vector3 corners[3];
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t axis = 0; axis < 3; ++axis) corners[i][axis] = static_cast<double>(t[i][axis]);
    volume += dot(corners[0], cross(corners[1], corners[2])) / 6;
  }
  return volume;
}

// Each edge is walked once in either direction.
void expect_closed(const std::vector<Triangle>& surface) {
  std::map<std::pair<Point, Point>, int> walked;
  for (const Triangle& triangle : surface)
    for (std::size_t i = 0; i < 3; ++i) ++walked[{triangle[i], triangle[(i + 1) % 3]}];
  for (const auto& [edge, times] : walked) {
    ASSERT_EQ(times, 1);
    ASSERT_EQ(walked.count({edge.second, edge.first}), 1U);
  }
}

LabelMap oblique(std::array<std::int64_t, 3> size, Vector3 spacing_mm) {
  const double c = std::cos(0.4), s = std::sin(0.4);
  LabelMap labels;
  labels.geometry = {.size = size,
                     .spacing_mm = spacing_mm,
                     .origin_mm = {-20, 10, 5},
                     .direction = {{{c, 0, -s}, {0, 1, 0}, {s, 0, c}}}};
  labels.label.resize(static_cast<std::size_t>(labels.geometry.voxels()));
  return labels;
}

TEST(Surface, OfAnEllipsoidHasItsVolume) {
  LabelMap labels = oblique({40, 30, 24}, {0.8, 1.2, 2.5});
  const Vector3 centre = {19.5, 14.5, 11.5}, radii = {15, 11, 9};  // in voxels
  std::size_t i = 0;
  for (std::int64_t z = 0; z < 24; ++z)
    for (std::int64_t y = 0; y < 30; ++y)
      for (std::int64_t x = 0; x < 40; ++x, ++i) {
        const Vector3 from = {(static_cast<double>(x) - centre[0]) / radii[0],
                              (static_cast<double>(y) - centre[1]) / radii[1],
                              (static_cast<double>(z) - centre[2]) / radii[2]};
        labels.label[i] = dot(from, from) <= 1 ? 3 : 0;
      }
  const auto surface = mask_surface(labels, 3);
  expect_closed(surface);
  const double exact = 4.0 / 3 * std::numbers::pi * 15 * 0.8 * 11 * 1.2 * 9 * 2.5;
  EXPECT_NEAR(volume_of(surface) / exact, 1, 0.02);
}

TEST(Surface, OfNoiseToTheBorderIsClosed) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    LabelMap labels = oblique({6, 5, 4}, {1, 1, 1});
    for (std::uint8_t& label : labels.label) label = random.chance(0.5) ? 1 : 2;
    const auto surface = mask_surface(labels, 1);
    expect_closed(surface);
    EXPECT_GT(volume_of(surface), 0);
  }
}

TEST(Surface, OfAVoxelIsAboutItsCentre) {
  LabelMap labels = oblique({3, 3, 3}, {2, 2, 2});
  labels.label[13] = 1;
  const auto surface = mask_surface(labels, 1);
  expect_closed(surface);
  const Vector3 centre = index_to_point_mm(labels.geometry, {1, 1, 1});
  for (const Triangle& triangle : surface)
    for (const Point& point : triangle) {
      const Vector3 from = {static_cast<double>(point[0]) - centre[0], static_cast<double>(point[1]) - centre[1],
                            static_cast<double>(point[2]) - centre[2]};
      EXPECT_LE(std::sqrt(dot(from, from)),
                std::sqrt(3.0) + 1e-5);  // half way to a neighbour, across the corner at most
      EXPECT_GE(std::sqrt(dot(from, from)), 1 - 1e-5);
    }
  EXPECT_NEAR(volume_of(surface) / 8, 0.5, 0.01);
}

TEST(Surface, OfNothingIsEmpty) {
  EXPECT_TRUE(mask_surface(oblique({3, 3, 3}, {1, 1, 1}), 1).empty());
  LabelMap sheared = oblique({3, 3, 3}, {1, 1, 1});
  sheared.geometry.direction[0][1] = 0.3;
  EXPECT_THROW(mask_surface(sheared, 1), std::invalid_argument);
}

TEST(Surface, StlHoldsHeaderCountNormalsAndCorners) {
  const test::TemporaryFolder folder;
  const Triangle triangle = {{{0, 0, 0}, {2, 0, 0}, {0, 3, 0}}};
  write_stl(folder / "one.stl", {triangle}, "SYNTHETIC");
  const std::string bytes = test::read_file(folder / "one.stl");
  ASSERT_EQ(bytes.size(), 80U + 4U + 50U);
  EXPECT_TRUE(bytes.starts_with("SYNTHETIC "));
  std::uint32_t count = 0;
  float values[12];
  std::memcpy(&count, bytes.data() + 80, 4);
  std::memcpy(values, bytes.data() + 84, sizeof values);
  EXPECT_EQ(count, 1U);
  const float expected[12] = {0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0};
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(values[i], expected[i]);
  EXPECT_THROW(write_stl(folder / "two.stl", {triangle}, "solid"), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::io
