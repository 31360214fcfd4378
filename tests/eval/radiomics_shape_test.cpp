// Shape in the plane of a single pixel and of a disc.
#include "eval/radiomics.h"
#include "tests/eval/radiomics_support.h"

#include <numbers>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

test::Named shape_of(const Region& region) { return test::named(shape_2d_names(), shape_2d(region)); }

TEST(Shape2d, OfOnePixelIsADiamond) {
  Region region = test::slice_of({{0}});
  region.spacing_mm = {3, 4, 1};
  const test::Named found = shape_of(region);
  EXPECT_DOUBLE_EQ(found.at("shape2D_MeshSurface"), 6);
  EXPECT_DOUBLE_EQ(found.at("shape2D_Perimeter"), 10);
  EXPECT_DOUBLE_EQ(found.at("shape2D_PixelSurface"), 12);
  EXPECT_DOUBLE_EQ(found.at("shape2D_MaximumDiameter"), 4);
  EXPECT_EQ(found.at("shape2D_MajorAxisLength"), 0);
}

TEST(Shape2d, OfADiscIsNearlyRound) {
  Region region;
  region.size = {1, 61, 61};
  for (int y = -30; y <= 30; ++y)
    for (int x = -30; x <= 30; ++x) region.inside.push_back(x * x + y * y <= 25 * 25 ? 1 : 0);
  region.value.assign(region.inside.size(), 0);
  const test::Named found = shape_of(region);
  EXPECT_NEAR(found.at("shape2D_MeshSurface"), std::numbers::pi * 625, 30);
  EXPECT_NEAR(found.at("shape2D_MajorAxisLength"), 50, 0.5);
  EXPECT_NEAR(found.at("shape2D_Elongation"), 1, 1e-9);
  EXPECT_NEAR(found.at("shape2D_Sphericity"), 1, 0.08);  // the contour has corners
}

TEST(Shape2d, IsOfASlice) {
  Region region = test::slice_of({{1, 2}, {3, 4}});
  region.size = {2, 1, 2};
  EXPECT_THROW(shape_2d(region), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
