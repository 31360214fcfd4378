// Brain inside skull, ventricles in the brain, jaw below the skull: for several patients.
#include "tests/io/phantom/phantom_support.h"

#include <gtest/gtest.h>

namespace ctforge::io::phantom {
namespace {

TEST(PhantomHead, LayersFollowOneAnotherInwards) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const Scene scene = scene_of(seed, Region::HeadNeck);
    bool bone = false, brain = false;
    for (double x = 100; x >= 45; x -= 0.5) {
      const Found found = painted(scene, {x, 0, 665});
      if (found.label == Label::Bone) {
        EXPECT_FALSE(brain) << "bone inside the brain";
        bone = true;
      }
      if (found.label == Label::Brain) {
        EXPECT_TRUE(bone) << "brain outside the skull";
        brain = true;
      }
    }
    EXPECT_TRUE(brain);
    EXPECT_EQ(painted(scene, {9, -10, 667}).tissue, Tissue::SpinalFluid);  // lateral ventricle
    EXPECT_EQ(painted(scene, {0, 0, 760}).tissue, Tissue::Air);
  }
}

TEST(PhantomHead, TheJawLiesInFrontOfAndBelowTheBrain) {
  const Scene scene = scene_of(4, Region::HeadNeck);
  const Vector3 low = {-80, -100, 510}, high = {80, 100, 730};
  const Tally brain = tally(scene, Label::Brain, low, high, 5), jaw = tally(scene, Label::Mandible, low, high, 5);
  ASSERT_GT(jaw.points, 0);
  EXPECT_LT(jaw.centre[2], brain.centre[2] - 60);
  EXPECT_LT(jaw.centre[1], brain.centre[1] - 20);
  EXPECT_NEAR(brain.centre[0], 0, 3);
  // An adult brain has 1.0 to 1.7 litres.
  EXPECT_GT(brain.points * 125e-6, 1.0);
  EXPECT_LT(brain.points * 125e-6, 1.7);
}

}  // namespace
}  // namespace ctforge::io::phantom
