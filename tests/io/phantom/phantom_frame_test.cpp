// The body's surfaces: nested, ordered along the spine, and different from patient to patient.
#include "io/phantom/phantom_frame.h"

#include "tests/io/phantom/phantom_support.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::io::phantom {
namespace {

TEST(PhantomFrame, SurfacesAreNested) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const Frame frame = make_frame(draw_build(seed, Region::Abdomen));
    for (double z = -130; z <= 700; z += 23)
      for (double y = -130; y <= 130; y += 13)
        for (double x = -190; x <= 190; x += 19) {
          const Vector3 p = {x, y, z};
          if (frame.wall.distance_mm(p) < 0) {
            EXPECT_LT(frame.skin.distance_mm(p), 0);
          }
          if (frame.lungs.distance_mm(p) < 0) {
            EXPECT_LT(frame.chest.distance_mm(p), 0);
            EXPECT_GT(p[2], frame.diaphragm_z(x, y) - 1e-9);
          }
        }
  }
}

TEST(PhantomFrame, PointsOnTheChestLieOnItsSurface) {
  const Frame frame = make_frame(draw_build(1, Region::Thorax));
  for (double angle = 0; angle < 2 * std::numbers::pi; angle += 0.3)
    EXPECT_NEAR(frame.chest.distance_mm(frame.on_chest(angle, 330, 0)), 0, 1.5);
  EXPECT_GT(frame.on_chest(std::numbers::pi / 2, 330, 0)[0], 0);  // the patient's left
  EXPECT_LT(frame.on_chest(std::numbers::pi, 330, 0)[1], 0);      // the front
}

TEST(PhantomFrame, TheRightDomeOfTheDiaphragmIsHigher) {
  const Frame frame = make_frame(draw_build(2, Region::Thorax));
  EXPECT_GT(frame.diaphragm_z(-62, 0), frame.diaphragm_z(66, 0));
}

TEST(PhantomFrame, VertebraeFollowOneAnother) {
  for (int level = 1; level < kVertebrae; ++level) EXPECT_GT(vertebra_z(level), vertebra_z(level - 1));
  for (int level = 0; level < kVertebrae; ++level) {
    EXPECT_GT(vertebra_height_mm(level), 10);
    EXPECT_LT(vertebra_height_mm(level), 32);
  }
}

TEST(PhantomFrame, BuildsDifferAndStayHuman) {
  double leanest = 1e9, heaviest = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Build build = draw_build(seed, Region::Pelvis);
    leanest = std::min(leanest, build.fat_mm);
    heaviest = std::max(heaviest, build.fat_mm);
    EXPECT_GE(build.stature, 0.9);
    EXPECT_LE(build.stature, 1.1);
  }
  EXPECT_LT(leanest, 9);
  EXPECT_GT(heaviest, 30);
}

TEST(PhantomFrame, BonesHaveAShellAndMarrow) {
  Scene scene;
  paint_bone(scene, Label::Bone, ellipsoid({0, 0, 0}, {10, 10, 10}), 2);
  EXPECT_EQ(painted(scene, {9, 0, 0}).tissue, Tissue::CorticalBone);
  EXPECT_EQ(painted(scene, {7, 0, 0}).tissue, Tissue::TrabecularBone);
  EXPECT_EQ(painted(scene, {11, 0, 0}).tissue, Tissue::Air);
  EXPECT_THROW(paint_bone(scene, Label::Bone, std::vector<Node>{}, 2), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::io::phantom
