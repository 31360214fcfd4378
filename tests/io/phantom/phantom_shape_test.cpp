// Distances of primitive shapes against closed forms, and bounds that hold all that is inside.
#include "io/phantom/phantom_shape.h"

#include "io/file/random.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::io::phantom {
namespace {

// Volume by counting, and a check that nothing inside lies out of bounds.
double counted_volume(const Shape& shape, double step) {
  double inside = 0;
  for (double z = -60; z <= 60; z += step)
    for (double y = -60; y <= 60; y += step)
      for (double x = -60; x <= 60; x += step) {
        const Vector3 p = {x, y, z};
        if (shape.distance_mm(p) >= 0) continue;
        inside += 1;
        for (std::size_t axis = 0; axis < 3; ++axis) {
          EXPECT_GE(p[axis], shape.bounds.low[axis]);
          EXPECT_LE(p[axis], shape.bounds.high[axis]);
        }
      }
  return inside * step * step * step;
}

TEST(PhantomShape, ASphereHasItsEuclideanDistance) {
  const Shape sphere = ellipsoid({1, 2, 3}, {10, 10, 10}, {20, 30, 40});
  EXPECT_NEAR(sphere.distance_mm({1, 2, 18}), 5, 1e-9);
  EXPECT_NEAR(sphere.distance_mm({1, 2, 7}), -6, 1e-9);
  EXPECT_NEAR(sphere.distance_mm({1, 2, 3}), -10, 1e-9);
}

TEST(PhantomShape, VolumesMatchTheirFormulas) {
  constexpr double kPi = std::numbers::pi;
  EXPECT_NEAR(counted_volume(ellipsoid({0, 0, 0}, {30, 20, 10}, {15, -40, 70}), 1.5) / (4 * kPi / 3 * 6000), 1, 0.02);
  EXPECT_NEAR(counted_volume(box({2, 1, 0}, {20, 10, 15}, {10, 20, 30}, 0), 1.5) / (8 * 3000), 1, 0.03);
  EXPECT_NEAR(counted_volume(tube({{{-20, 0, 0}, 10}, {{20, 0, 0}, 10}}), 1.5) / (kPi * 100 * 40 + 4 * kPi / 3 * 1000),
              1, 0.02);
  EXPECT_NEAR(counted_volume(column({{-20, 0, 0, 30, 15, 0}, {20, 0, 0, 30, 15, 0}}), 1.5) / (kPi * 450 * 40), 1, 0.04);
}

TEST(PhantomShape, RotationsTurnTheLongAxis) {
  // By 90 degrees about z the long axis lies along y.
  const Shape turned = ellipsoid({0, 0, 0}, {30, 5, 5}, {0, 0, 90});
  EXPECT_LT(turned.distance_mm({0, 28, 0}), 0);
  EXPECT_GT(turned.distance_mm({28, 0, 0}), 0);
}

TEST(PhantomShape, ASquareColumnStaysWithinItsRectangle) {
  const Shape square = column({{-10, 0, 0, 20, 10, 0.5}, {10, 0, 0, 20, 10, 0.5}});
  EXPECT_LT(square.distance_mm({15, 7.5, 0}), 0);  // outside the ellipse, inside the squircle
  // Far off the corners the polynomial would be small again.
  for (const double far : {1.5, 2.0, 3.0, 10.0}) EXPECT_GT(square.distance_mm({20 * far, 10 * far, 0}), 0);
}

TEST(PhantomShape, ASplinePassesThroughItsNodes) {
  const std::vector<Node> nodes = {{{0, 0, 0}, 1}, {{10, 5, 0}, 2}, {{20, -5, 3}, 3}};
  const std::vector<Node> curve = spline(nodes, 5);
  ASSERT_EQ(curve.size(), 11U);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    EXPECT_EQ(curve[5 * i].at, nodes[i].at);
    EXPECT_DOUBLE_EQ(curve[5 * i].radius_mm, nodes[i].radius_mm);
  }
  EXPECT_EQ(mirrored(nodes)[1].at[0], -10);
}

TEST(PhantomShape, TooFewPointsAreRefused) {
  EXPECT_THROW(column({{0, 0, 0, 1, 1, 0}}), std::invalid_argument);
  EXPECT_THROW(capsules({}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::io::phantom
