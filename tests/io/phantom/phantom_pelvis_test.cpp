// Bladder in front of the rectum, and hips on both sides of it.
#include "tests/io/phantom/phantom_support.h"

#include <gtest/gtest.h>

namespace ctforge::io::phantom {
namespace {

TEST(PhantomPelvis, TheBladderLiesInTheMidlineInFrontOfTheSacrum) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const Scene scene = scene_of(seed, Region::Pelvis);
    const Tally bladder = tally(scene, Label::Bladder, {-80, -90, -150}, {80, 60, -20}, 5);
    EXPECT_NEAR(bladder.centre[0], 0, 8);
    EXPECT_GT(bladder.points * 0.125, 60);  // ml
    EXPECT_LT(bladder.points * 0.125, 500);
    EXPECT_EQ(painted(scene, {0, 78, -60}).label, Label::Bone);  // sacrum
  }
}

TEST(PhantomPelvis, FemoralHeadsSitInTheirSockets) {
  const Scene scene = scene_of(5, Region::Pelvis);
  for (const int side : kSides) {
    EXPECT_EQ(painted(scene, {side * 89.0, 2, -94}).tissue, Tissue::TrabecularBone);
    EXPECT_EQ(painted(scene, {side * 89.0, 2, -62}).label, Label::Bone);      // roof of the socket
    EXPECT_EQ(painted(scene, {side * 120.0, 11, -220}).tissue, Tissue::Fat);  // marrow of the shaft
    EXPECT_EQ(painted(scene, {side * 120.0 + side * 11.0, 10, -220}).tissue, Tissue::CorticalBone);
  }
}

}  // namespace
}  // namespace ctforge::io::phantom
