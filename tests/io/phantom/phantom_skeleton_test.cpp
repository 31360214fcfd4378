// The spinal canal holds the cord and no bone; ribs enclose the lungs.
#include "tests/io/phantom/phantom_support.h"

#include <gtest/gtest.h>

namespace ctforge::io::phantom {
namespace {

TEST(PhantomSkeleton, TheCordRunsInTheCanalBehindTheVertebralBodies) {
  const Scene scene = scene_of(1, Region::Thorax);
  const Frame frame = make_frame(draw_build(1, Region::Thorax));
  for (int level = 5; level < 22; ++level) {  // T12 to C3
    const double z = vertebra_z(level);
    EXPECT_EQ(painted(scene, {0, frame.spine_y(z), z}).label, Label::Vertebra) << level;
    double cord = 0, bone = 0;
    for (double y = frame.spine_y(z); y < frame.spine_y(z) + 80; y += 1) {
      const Label label = painted(scene, {0, y, z}).label;
      if (label == Label::SpinalCord) ++cord;
      if (label == Label::Vertebra && cord > 0) ++bone;
    }
    EXPECT_GE(cord, 7) << level;
    EXPECT_LE(cord, 14) << level;
    EXPECT_GT(bone, 4) << "no spinous process behind the cord at level " << level;
  }
}

TEST(PhantomSkeleton, TheCordEndsAboveTheThirdLumbarVertebra) {
  const Scene scene = scene_of(1, Region::Abdomen);
  const Tally cord = tally(scene, Label::SpinalCord, {-10, 0, 20}, {10, 80, 120}, 2);
  EXPECT_EQ(cord.points, 0);
}

TEST(PhantomSkeleton, ARayFromTheLungMeetsARibWithinTheHeightOfTwo) {
  const Scene scene = scene_of(2, Region::Thorax);
  for (const int side : kSides) {
    bool met = false;
    for (double z = 320; z < 375 && !met; z += 2)
      for (double x = 90; x < 160 && !met; x += 1) met = painted(scene, {side * x, 20, z}).label == Label::Bone;
    EXPECT_TRUE(met);
  }
}

}  // namespace
}  // namespace ctforge::io::phantom
