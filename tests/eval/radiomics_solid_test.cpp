// Shape in space of a box; radiomics_test.cpp compares with other software.
#include "eval/radiomics.h"
#include "tests/eval/radiomics_support.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

Region rod(std::int64_t length) {
  Region region;
  region.size = {1, 1, length};
  region.spacing_mm = {2, 1, 1};
  region.inside.assign(static_cast<std::size_t>(length), 1);
  region.value.assign(region.inside.size(), 0);
  return region;
}

TEST(Shape3d, OfARod) {
  const test::Named found = test::named(shape_3d_names(), shape_3d(rod(5)));
  EXPECT_DOUBLE_EQ(found.at("shape_VoxelVolume"), 10);
  EXPECT_DOUBLE_EQ(found.at("shape_Maximum3DDiameter"), 10);                // from face to face
  EXPECT_DOUBLE_EQ(found.at("shape_Maximum2DDiameterSlice"), 10);           // all in one slice
  EXPECT_DOUBLE_EQ(found.at("shape_Maximum2DDiameterRow"), 1);              // across it
  EXPECT_NEAR(found.at("shape_MajorAxisLength"), 4 * std::sqrt(8), 1e-12);  // variance of 0, 2, 4, 6, 8
  EXPECT_EQ(found.at("shape_MinorAxisLength"), 0);
}

TEST(Shape3d, OfOneVoxelIsFinite) {
  for (const double value : shape_3d(rod(1))) EXPECT_TRUE(std::isfinite(value));
}

TEST(Shape3d, NeedsARegion) {
  Region region = rod(3);
  region.value.pop_back();
  EXPECT_THROW(shape_3d(region), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
