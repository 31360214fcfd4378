// Meshes of one voxel, of a box and of a ball.
#include "eval/marching_cubes.h"

#include <numbers>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

Region box(std::array<std::int64_t, 3> size) {
  Region region;
  region.size = size;
  region.inside.assign(static_cast<std::size_t>(size[0] * size[1] * size[2]), 1);
  region.value.assign(region.inside.size(), 0);
  return region;
}

TEST(MarchingCubes, OneVoxelIsAnOctahedron) {
  const CubeMesh mesh = marching_cubes(box({1, 1, 1}));
  EXPECT_NEAR(mesh.volume_mm3, 1.0 / 6, 1e-12);
  EXPECT_NEAR(mesh.area_mm2, std::numbers::sqrt3, 1e-12);
  EXPECT_EQ(mesh.corners.size(), 6u);
}

TEST(MarchingCubes, ABoxLosesItsEdges) {
  // Half a voxel is bevelled: of the 5 x 6 x 7 box an eighth of a voxel along each edge, less at the corners.
  const CubeMesh mesh = marching_cubes(box({5, 6, 7}));
  EXPECT_NEAR(mesh.volume_mm3, 5 * 6 * 7 - (4 * (4 + 5 + 6)) / 8.0 - 8 * (1.0 / 8 - 1.0 / 48), 1e-9);
}

TEST(MarchingCubes, OfABallAndOfItsHole) {
  Region region = box({41, 41, 41});
  const auto ball = [&region](double radius) {
    std::size_t i = 0;
    for (int z = -20; z <= 20; ++z)
      for (int y = -20; y <= 20; ++y)
        for (int x = -20; x <= 20; ++x, ++i) region.inside[i] = x * x + y * y + z * z <= radius * radius ? 1 : 0;
    return marching_cubes(region);
  };
  const double volume = 4.0 / 3 * std::numbers::pi * 15 * 15 * 15;
  const CubeMesh mesh = ball(15);
  EXPECT_NEAR(mesh.volume_mm3 / volume, 1, 0.03);
  for (std::uint8_t& inside : region.inside) inside = inside == 0 ? 1 : 0;
  EXPECT_NEAR(marching_cubes(region).volume_mm3 + mesh.volume_mm3, marching_cubes(box({41, 41, 41})).volume_mm3, 1e-6);
}

TEST(MarchingCubes, NeedARegion) {
  Region region = box({2, 2, 2});
  region.inside.assign(8, 0);
  EXPECT_THROW(marching_cubes(region), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
