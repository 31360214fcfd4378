// Volumes, partial volume and labels of a rasterised shape whose answer is known.
#include "io/phantom/phantom_raster.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::io::phantom {
namespace {

Geometry grid(std::int64_t n, double spacing) {
  Geometry geometry;
  geometry.size = {n, n, n};
  geometry.spacing_mm = {spacing, spacing, spacing};
  const double corner = -0.5 * spacing * static_cast<double>(n - 1);
  geometry.origin_mm = {corner, corner, corner};
  return geometry;
}

// A texture-free patient: air -1000, blood 100.
TissueHu two_tissues() {
  TissueHu hu{};
  hu[static_cast<std::size_t>(Tissue::Air)] = -1000;
  hu[static_cast<std::size_t>(Tissue::Blood)] = 100;
  hu[static_cast<std::size_t>(Tissue::Implant)] = 3000;
  return hu;
}

Placement still() {
  Placement placement;
  placement.deformation_mm = 0;
  return placement;
}

TEST(PhantomRaster, ASphereHasItsVolumeInLabelsAndInPartialVolumes) {
  Scene scene;
  scene.paint(Tissue::Blood, Label::Heart, ellipsoid({1, -2, 3}, {17, 17, 17}));
  const Raster raster = rasterise(scene, two_tissues(), grid(24, 2), still());
  double labelled = 0, partial = 0;
  for (std::size_t i = 0; i < raster.hu.size(); ++i) {
    labelled += raster.label[i] == static_cast<std::uint8_t>(Label::Heart);
    partial += (static_cast<double>(raster.hu[i]) + 1000) / 1100;
  }
  const double exact = 4 * std::numbers::pi / 3 * 17 * 17 * 17 / 8;  // voxels
  EXPECT_NEAR(labelled / exact, 1, 0.05);                            // ties go to the sphere
  EXPECT_NEAR(partial / exact, 1, 0.02);
  EXPECT_TRUE(raster.metal.empty());
}

TEST(PhantomRaster, TheLabelIsTheTissueOfMostSamples) {
  // A half-space whose border cuts voxels at a quarter and at three quarters of their width.
  Scene scene;
  scene.paint(Tissue::Blood, Label::Heart, box({-50.5, 0, 0}, {50, 100, 100}, {0, 0, 0}, 0));
  const Raster raster = rasterise(scene, two_tissues(), grid(8, 2), still());
  const std::size_t row = (4 * 8 + 4) * 8;
  // Voxel 3 spans [-2, 0]: its samples at -1.5 and -0.5 lie inside and on the border.
  EXPECT_EQ(raster.label[row + 2], static_cast<std::uint8_t>(Label::Heart));
  EXPECT_EQ(raster.label[row + 4], 0);
  for (std::size_t x = 0; x < 8; ++x) {
    const double share = (static_cast<double>(raster.hu[row + x]) + 1000) / 1100;
    if (share > 0.55) {
      EXPECT_EQ(raster.label[row + x], static_cast<std::uint8_t>(Label::Heart));
    }
    if (share < 0.45) {
      EXPECT_EQ(raster.label[row + x], 0);
    }
  }
}

TEST(PhantomRaster, PlacementScalesTurnsAndShifts) {
  Scene scene;
  scene.paint(Tissue::Implant, Label::Implant, ellipsoid({10, 0, 0}, {4, 4, 4}));
  Placement placement = still();
  placement.stature = 1.5;
  placement.turn_deg = 90;
  placement.shift_mm = {3, -2, 5};
  const Geometry geometry = grid(24, 2);
  const Raster raster = rasterise(scene, two_tissues(), geometry, placement);
  ASSERT_FALSE(raster.metal.empty());
  Vector3 centre = {0, 0, 0};
  double weight = 0;
  for (std::int64_t i = 0; i < geometry.voxels(); ++i) {
    const double share = raster.metal[static_cast<std::size_t>(i)];
    const Vector3 p = index_to_point_mm(
        geometry, {static_cast<double>(i % 24), static_cast<double>(i / 24 % 24), static_cast<double>(i / 576)});
    for (std::size_t axis = 0; axis < 3; ++axis) centre[axis] += share * p[axis];
    weight += share;
  }
  // (10, 0, 0) turned to (0, 10, 0), times 1.5, shifted.
  EXPECT_NEAR(centre[0] / weight, 3, 0.2);
  EXPECT_NEAR(centre[1] / weight, 13, 0.2);
  EXPECT_NEAR(centre[2] / weight, 5, 0.2);
}

TEST(PhantomRaster, LaterPaintsCoverOnlyWhatTheyMay) {
  Scene scene;
  scene.paint(Tissue::Blood, Label::Heart, ellipsoid({0, 0, 0}, {10, 10, 10}));
  scene.paint(Tissue::Implant, Label::Implant, ellipsoid({0, 0, 0}, {14, 14, 14}), set_of(Tissue::Blood));
  const Raster raster = rasterise(scene, two_tissues(), grid(16, 2), still());
  for (const std::uint8_t label : raster.label) EXPECT_NE(label, static_cast<std::uint8_t>(Label::Heart));
}

TEST(PhantomRaster, TooManySamplesAreRefused) {
  EXPECT_THROW(rasterise(Scene{}, two_tissues(), grid(4, 1), still(), 5, 3), std::invalid_argument);
  EXPECT_THROW(rasterise(Scene{}, two_tissues(), grid(4, 1), still(), 0, 1), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::io::phantom
