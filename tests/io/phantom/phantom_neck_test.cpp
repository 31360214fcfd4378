// Paired glands on both sides, and a throat that lets air through.
#include "tests/io/phantom/phantom_support.h"

#include <gtest/gtest.h>

namespace ctforge::io::phantom {
namespace {

TEST(PhantomNeck, ParotidsAreTwoAndSymmetric) {
  const Scene scene = scene_of(1, Region::HeadNeck);
  const Tally left = tally(scene, Label::Parotid, {20, -40, 530}, {90, 50, 600}, 3);
  const Tally right = tally(scene, Label::Parotid, {-90, -40, 530}, {-20, 50, 600}, 3);
  ASSERT_GT(left.points, 0);
  ASSERT_GT(right.points, 0);
  EXPECT_NEAR(left.centre[0], -right.centre[0], 6);
  // A parotid gland has 10 to 45 ml.
  EXPECT_GT(left.points * 27e-3, 6);
  EXPECT_LT(left.points * 27e-3, 45);
}

TEST(PhantomNeck, TheAirwayIsOpenFromPharynxToTrachea) {
  const Scene scene = scene_of(2, Region::HeadNeck);
  for (double z = 450; z <= 560; z += 5) {
    bool open = false;
    for (double y = -40; y <= 5 && !open; y += 1) open = painted(scene, {0, y, z}).label == Label::Airway;
    EXPECT_TRUE(open) << "closed at z = " << z;
  }
}

}  // namespace
}  // namespace ctforge::io::phantom
