// Set operations on shapes, and the statistics of the smooth noise.
#include "io/file/random.h"
#include "io/phantom/phantom_shape.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::io::phantom {
namespace {

TEST(PhantomShapeCombine, SetOperationsAgreeWithTheirDefinitions) {
  const Shape a = ellipsoid({-5, 0, 0}, {10, 10, 10}), b = ellipsoid({6, 0, 0}, {10, 10, 10});
  const Shape either = unite({a, b}), both = intersect(a, b), only = subtract(a, b), joined = blend(a, b, 6);
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const Vector3 p = {random.uniform(-20, 20), random.uniform(-15, 15), random.uniform(-15, 15)};
    const bool in_a = a.distance_mm(p) < 0, in_b = b.distance_mm(p) < 0;
    EXPECT_EQ(either.distance_mm(p) < 0, in_a || in_b);
    EXPECT_EQ(both.distance_mm(p) < 0, in_a && in_b);
    EXPECT_EQ(only.distance_mm(p) < 0, in_a && !in_b);
    if (in_a || in_b) {
      EXPECT_LT(joined.distance_mm(p), 0);
    }
  }
  EXPECT_LT(joined.distance_mm({0.5, 8.6, 0}), 0);  // the crease is filled
  EXPECT_GE(either.distance_mm({0.5, 8.6, 0}), 0);
}

TEST(PhantomShapeCombine, GrowingMovesTheSurface) {
  const Shape sphere = ellipsoid({0, 0, 0}, {10, 10, 10});
  EXPECT_NEAR(grow(sphere, 3).distance_mm({13, 0, 0}), 0, 1e-9);
  EXPECT_NEAR(grow(sphere, -3).distance_mm({0, 7, 0}), 0, 1e-9);
  EXPECT_GE(grow(sphere, 3).bounds.high[0], 13);
}

TEST(PhantomShapeCombine, WobbleStaysWithinItsAmplitude) {
  const Shape rough = wobble(ellipsoid({0, 0, 0}, {20, 20, 20}), 3, 12, 9);
  Random random(2);
  bool differs = false;
  for (int i = 0; i < 500; ++i) {
    Vector3 p = {random.normal(), random.normal(), random.normal()};
    const double norm = std::sqrt(dot(p, p));
    for (double& value : p) value *= 20 / norm;
    EXPECT_LE(std::abs(rough.distance_mm(p)), 3.01);
    differs = differs || std::abs(rough.distance_mm(p)) > 0.5;
  }
  EXPECT_TRUE(differs);
}

TEST(PhantomShapeCombine, SmoothNoiseIsCentredContinuousAndRepeatable) {
  Random random(3);
  double sum = 0, squares = 0;
  const int n = 20000;
  for (int i = 0; i < n; ++i) {
    const Vector3 p = {random.uniform(-500, 500), random.uniform(-500, 500), random.uniform(-500, 500)};
    const double value = smooth_noise(p, 20, 7);
    sum += value;
    squares += value * value;
    EXPECT_LE(std::abs(value), 1);
    EXPECT_NEAR(smooth_noise({p[0] + 1e-5, p[1], p[2]}, 20, 7), value, 1e-4);
    EXPECT_EQ(smooth_noise(p, 20, 7), value);
  }
  EXPECT_NEAR(sum / n, 0, 0.01);
  EXPECT_NEAR(std::sqrt(squares / n), 0.40, 0.02);
}

TEST(PhantomShapeCombine, AnEmptyUnionIsRefused) { EXPECT_THROW(unite({}), std::invalid_argument); }

}  // namespace
}  // namespace ctforge::io::phantom
