// Index and patient coordinates: a hand-computed oblique case and the round trip.
#include "io/volume/geometry.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

// Index x runs along patient y, index y along -x, index z along z.
Geometry turned() {
  return {.size = {4, 5, 6},
          .spacing_mm = {0.5, 2, 3},
          .origin_mm = {10, 20, 30},
          .direction = {{{0, -1, 0}, {1, 0, 0}, {0, 0, 1}}}};
}

TEST(Geometry, PointOfTurnedGridByHand) {
  const Vector3 point = index_to_point_mm(turned(), {2, 3, 1});
  EXPECT_DOUBLE_EQ(point[0], 10 - 6);
  EXPECT_DOUBLE_EQ(point[1], 20 + 1);
  EXPECT_DOUBLE_EQ(point[2], 30 + 3);
}

TEST(Geometry, PointToIndexInverts) {
  const Vector3 index = point_to_index(turned(), index_to_point_mm(turned(), {1.25, 3.5, 4}));
  EXPECT_NEAR(index[0], 1.25, 1e-12);
  EXPECT_NEAR(index[1], 3.5, 1e-12);
  EXPECT_NEAR(index[2], 4, 1e-12);
}

TEST(Geometry, SameGridSeesDriftAtTheFarCorner) {
  Geometry other = turned();
  EXPECT_TRUE(same_grid(turned(), other));
  other.spacing_mm[2] += 0.004;  // 5 slices away: 0.02 mm
  EXPECT_FALSE(same_grid(turned(), other));
  other = turned();
  other.size[0] = 3;
  EXPECT_FALSE(same_grid(turned(), other));
}

TEST(Geometry, RotationRejectsShearAndMirror) {
  EXPECT_TRUE(is_rotation(turned().direction));
  EXPECT_FALSE(is_rotation({{{1, 0.1, 0}, {0, 1, 0}, {0, 0, 1}}}));
  EXPECT_FALSE(is_rotation({{{-1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}));
}

}  // namespace
}  // namespace ctforge::io
