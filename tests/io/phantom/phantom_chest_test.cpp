// Laterality and proportions of heart, lungs and great vessels.
#include "tests/io/phantom/phantom_support.h"

#include <gtest/gtest.h>

namespace ctforge::io::phantom {
namespace {

const Vector3 kLow = {-140, -110, 190}, kHigh = {140, 120, 455};

TEST(PhantomChest, TheHeartLeansToThePatientsLeft) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const Scene scene = scene_of(seed, Region::Thorax);
    const Tally heart = tally(scene, Label::Heart, kLow, kHigh, 7);
    EXPECT_GT(heart.centre[0], 5);
    EXPECT_LT(heart.centre[1], 0);
    // 400 to 1100 ml with its fat.
    EXPECT_GT(heart.points * 0.343, 400);
    EXPECT_LT(heart.points * 0.343, 1100);
  }
}

TEST(PhantomChest, LungsLieOnBothSidesAndNotBehindTheSpine) {
  const Scene scene = scene_of(3, Region::Thorax);
  EXPECT_EQ(painted(scene, {85, 20, 350}).label, Label::Lung);
  EXPECT_EQ(painted(scene, {-85, 20, 350}).label, Label::Lung);
  for (double z = 300; z <= 420; z += 20)
    for (double y = 50; y <= 110; y += 5) EXPECT_NE(painted(scene, {0, y, z}).label, Label::Lung);
  const Tally lungs = tally(scene, Label::Lung, kLow, kHigh, 7);
  EXPECT_GT(lungs.points * 0.343e-3, 2.0);  // litres
  EXPECT_LT(lungs.points * 0.343e-3, 7.0);
}

TEST(PhantomChest, TheDescendingAortaRunsLeftOfTheSpine) {
  const Scene scene = scene_of(4, Region::Thorax);
  const Tally aorta = tally(scene, Label::Aorta, {-40, 5, 280}, {60, 60, 350}, 3);
  ASSERT_GT(aorta.points, 0);
  EXPECT_GT(aorta.centre[0], 15);
}

TEST(PhantomChest, OnlyContrastAgentFillsTheVesselsOfEnhancedPatients) {
  const Scene plain = scene_of(5, Region::Thorax), enhanced = scene_of(5, Region::Thorax, false, false, true);
  EXPECT_EQ(painted(plain, {25, 28, 300}).tissue, Tissue::Blood);
  EXPECT_EQ(painted(enhanced, {25, 28, 300}).tissue, Tissue::ContrastAgent);
}

}  // namespace
}  // namespace ctforge::io::phantom
