// The abdominal organs lie on their sides and have their sizes.
#include "tests/io/phantom/phantom_support.h"

#include <gtest/gtest.h>

namespace ctforge::io::phantom {
namespace {

const Vector3 kLow = {-145, -110, 60}, kHigh = {145, 110, 300};
constexpr double kStep = 6, kMillilitres = kStep * kStep * kStep / 1000;

TEST(PhantomAbdomen, TheLiverIsOnTheRightAndTheSpleenOnTheLeft) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const Scene scene = scene_of(seed, Region::Abdomen);
    const Tally liver = tally(scene, Label::Liver, kLow, kHigh, kStep),
                spleen = tally(scene, Label::Spleen, kLow, kHigh, kStep);
    EXPECT_LT(liver.centre[0], -25);
    EXPECT_GT(spleen.centre[0], 50);
    EXPECT_GT(spleen.centre[1], liver.centre[1]);
    EXPECT_GT(liver.points * kMillilitres, 900);
    EXPECT_LT(liver.points * kMillilitres, 2600);
    EXPECT_GT(spleen.points * kMillilitres, 80);
    EXPECT_LT(spleen.points * kMillilitres, 450);
  }
}

TEST(PhantomAbdomen, ThereAreTwoKidneysTheRightOneLower) {
  double lower = 0;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const Scene scene = scene_of(seed, Region::Abdomen);
    const Tally left = tally(scene, Label::Kidney, {20, 0, 60}, {110, 80, 230}, 5);
    const Tally right = tally(scene, Label::Kidney, {-110, 0, 60}, {-20, 80, 230}, 5);
    for (const Tally& kidney : {left, right}) {
      EXPECT_GT(kidney.points * 0.125, 80);
      EXPECT_LT(kidney.points * 0.125, 260);
    }
    lower += left.centre[2] - right.centre[2];
  }
  EXPECT_GT(lower, 0);
}

TEST(PhantomAbdomen, GasRisesToTheFrontOfTheStomach) {
  const Scene scene = scene_of(6, Region::Abdomen);
  double gas = 0, gas_y = 0, fluid = 0, fluid_y = 0;
  for (double z = 180; z <= 260; z += 4)
    for (double y = -90; y <= 80; y += 4)
      for (double x = 25; x <= 100; x += 4) {
        const Tissue tissue = painted(scene, {x, y, z}).tissue;
        if (tissue == Tissue::Air) ++gas, gas_y += y;
        if (tissue == Tissue::BowelContent) ++fluid, fluid_y += y;
      }
  ASSERT_GT(gas, 0);
  ASSERT_GT(fluid, 0);
  EXPECT_LT(gas_y / gas, fluid_y / fluid);
}

}  // namespace
}  // namespace ctforge::io::phantom
