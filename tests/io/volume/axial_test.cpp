// Axial order moves voxels, never points: every voxel keeps its value at its place in the patient.
#include "io/volume/resample.h"

#include <cmath>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

Volume numbered(const Matrix3& direction) {
  Volume volume{{{4, 3, 2}, {1, 2, 3}, {10, 20, 30}, direction}, {}};
  for (int i = 0; i < 24; ++i) volume.hu.push_back(static_cast<std::int16_t>(i));
  return volume;
}

void expect_same_points(const Volume& before, const Volume& after) {
  for (std::int64_t z = 0; z < after.geometry.size[2]; ++z)
    for (std::int64_t y = 0; y < after.geometry.size[1]; ++y)
      for (std::int64_t x = 0; x < after.geometry.size[0]; ++x) {
        const Vector3 point =
            index_to_point_mm(after.geometry, {static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)});
        const Vector3 index = point_to_index(before.geometry, point);
        std::array<std::int64_t, 3> i;
        for (std::size_t axis = 0; axis < 3; ++axis) {
          i[axis] = std::llround(index[axis]);
          EXPECT_NEAR(index[axis], static_cast<double>(i[axis]), 1e-9);
        }
        EXPECT_EQ(after.hu[static_cast<std::size_t>((z * after.geometry.size[1] + y) * after.geometry.size[0] + x)],
                  before.hu[static_cast<std::size_t>((i[2] * 3 + i[1]) * 4 + i[0])]);
      }
}

TEST(Axial, RightAnteriorSuperiorIsFlippedTwice) {
  const Volume before = numbered({{{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}}});
  const Volume after = to_axial(before);
  EXPECT_EQ(after.geometry.direction, (Matrix3{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}));
  EXPECT_EQ(after.hu[0], 11);  // the far corner of the first slice
  expect_same_points(before, after);
}

TEST(Axial, SagittalStackIsTransposed) {
  // x runs to the back, y to the feet, z to the left.
  const Volume before = numbered({{{0, 0, 1}, {1, 0, 0}, {0, -1, 0}}});
  const Volume after = to_axial(before);
  EXPECT_EQ(after.geometry.size, (std::array<std::int64_t, 3>{2, 4, 3}));
  EXPECT_EQ(after.geometry.spacing_mm, (Vector3{3, 1, 2}));
  EXPECT_EQ(after.geometry.direction, (Matrix3{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}));
  expect_same_points(before, after);
  EXPECT_TRUE(same_grid(axial_geometry(before.geometry), after.geometry));
}

TEST(Axial, ObliqueKeepsItsDirection) {
  const double c = std::cos(0.3), s = std::sin(0.3);
  const Volume before = numbered({{{-1, 0, 0}, {0, -c, -s}, {0, -s, c}}});
  const Volume after = to_axial(before);
  EXPECT_EQ(after.geometry.direction, (Matrix3{{{1, 0, 0}, {0, c, -s}, {0, s, c}}}));
  EXPECT_TRUE(is_rotation(after.geometry.direction));
  expect_same_points(before, after);
}

TEST(Axial, AxialIsUntouchedAndLabelsFollow) {
  const Volume before = numbered({{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}});
  EXPECT_EQ(to_axial(before).hu, before.hu);
  LabelMap labels{numbered({{{-1, 0, 0}, {0, 1, 0}, {0, 0, -1}}}).geometry, std::vector<std::uint8_t>(24)};
  labels.label[0] = 7;
  EXPECT_EQ(to_axial(labels).label[15], 7);  // x 3, y 0, z 1
}

}  // namespace
}  // namespace ctforge::io
