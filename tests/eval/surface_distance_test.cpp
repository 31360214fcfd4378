// Surface measures against surface-distance, a shift by hand, and the empty cases.
#include "eval/surface_distance.h"

#include "tests/eval/radiomics_support.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

constexpr std::array<std::int64_t, 3> kVolumeSize = {9, 24, 20};

// The masks of tests/oracle/make_surface.py, under label 2.
std::vector<std::uint8_t> formula_mask(bool predicted) {
  std::vector<std::uint8_t> mask;
  for (int z = 0; z < 9; ++z)
    for (int y = 0; y < 24; ++y)
      for (int x = 0; x < 20; ++x) {
        const double rz = (z - 4) / (predicted ? 3.9 : 3.2), ry = predicted ? (y - 12) / 6.5 : (y - 11) / 7.5,
                     rx = predicted ? (x - 10) / 7.3 : (x - 9) / 6.1;
        bool inside = rz * rz + ry * ry + rx * rx <= 1;
        if (predicted) inside = inside && std::sin(x * 1.7) + std::cos(y * 2.3) + std::sin(z * 2.9 + x) > -1.1;
        mask.push_back(inside ? 2 : x % 2 == 0 ? 1 : 0);  // another label does not matter
      }
  return mask;
}

TEST(SurfaceScores, AreSurfaceDistances) {
  const auto oracle = test::oracle_file("surface");
  for (const auto& [tolerance, dice] : oracle.at("surface_dice").items()) {
    const SurfaceScores scores =
        surface_scores(formula_mask(true), formula_mask(false), kVolumeSize, {0.9, 1.25, 3}, 2, std::stod(tolerance));
    EXPECT_NEAR(scores.surface_dice, dice.get<double>(), 1e-10);
    EXPECT_NEAR(scores.hausdorff95_mm, oracle.at("hausdorff95_mm").get<double>(), 1e-10);
    EXPECT_NEAR(scores.from_reference_mm, oracle.at("from_reference_mm").get<double>(), 1e-10);
    EXPECT_NEAR(scores.from_prediction_mm, oracle.at("from_prediction_mm").get<double>(), 1e-10);
  }
}

std::vector<std::uint8_t> cube(std::int64_t first_x) {
  std::vector<std::uint8_t> mask(10 * 10 * 10, 0);
  for (std::int64_t z = 3; z < 7; ++z)
    for (std::int64_t y = 3; y < 7; ++y)
      for (std::int64_t x = first_x; x < first_x + 4; ++x) mask[static_cast<std::size_t>((z * 10 + y) * 10 + x)] = 1;
  return mask;
}

SurfaceScores of_cubes(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b, double tolerance) {
  return surface_scores(a, b, {10, 10, 10}, {2, 1, 1}, 1, tolerance);
}

TEST(SurfaceScores, OfAShiftedCube) {
  const SurfaceScores scores = of_cubes(cube(4), cube(3), 2);
  EXPECT_DOUBLE_EQ(scores.hausdorff95_mm, 2);  // one voxel of 2 mm
  EXPECT_DOUBLE_EQ(scores.surface_dice, 1);
  EXPECT_LT(of_cubes(cube(4), cube(3), 1.9).surface_dice, 1);
  EXPECT_DOUBLE_EQ(scores.from_reference_mm, scores.from_prediction_mm);
  EXPECT_EQ(of_cubes(cube(3), cube(3), 0).hausdorff95_mm, 0);
}

TEST(SurfaceScores, OfEmptyMasks) {
  const std::vector<std::uint8_t> empty(1000, 0);
  EXPECT_TRUE(std::isnan(of_cubes(empty, empty, 1).surface_dice));
  EXPECT_TRUE(std::isnan(of_cubes(cube(3), empty, 1).hausdorff95_mm));
  EXPECT_TRUE(std::isinf(of_cubes(empty, cube(3), 1).hausdorff95_mm));
  EXPECT_EQ(of_cubes(empty, cube(3), 1).surface_dice, 0);
  EXPECT_THROW(surface_scores(empty, cube(3), {10, 10, 9}, {1, 1, 1}, 1, 1), std::invalid_argument);
  EXPECT_THROW(surface_scores(empty, cube(3), {10, 10, 10}, {1, 0, 1}, 1, 1), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
