// Areas of surface elements against surface-distance's, and of a plane.
#include "eval/surface_area.h"

#include "tests/eval/radiomics_support.h"

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

TEST(SurfaceAreas, AreSurfaceDistances) {
  const auto oracle = test::oracle_file("surface").at("areas_mm2");
  const auto areas = surface_areas_mm2({0.9, 1.25, 3});
  for (std::size_t code = 0; code < 256; ++code) EXPECT_NEAR(areas[code], oracle[code].get<double>(), 1e-12) << code;
}

TEST(SurfaceAreas, APlaneIsTheFaceOfAVoxel) {
  const auto areas = surface_areas_mm2({2, 3, 5});
  EXPECT_DOUBLE_EQ(areas[0x0F], 6);   // split along z
  EXPECT_DOUBLE_EQ(areas[0x33], 10);  // along y
  EXPECT_DOUBLE_EQ(areas[0x55], 15);  // along x
  EXPECT_EQ(areas[0] + areas[255], 0);
}

}  // namespace
}  // namespace ctforge::eval
