// Heads in fine slices, and what is none.
#include "io/volume/face.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

Geometry head() { return {{512, 512, 60}, {0.5, 0.5, 2.5}}; }

TEST(Face, AHeadInFineSlicesShowsOne) {
  for (const char* part : {"HEAD", "HEADNECK", "BRAIN", "WHOLEBODY"}) EXPECT_TRUE(can_show_face(part, head())) << part;
  for (const char* part : {"CHEST", "ABDOMEN", "NECK", ""}) EXPECT_FALSE(can_show_face(part, head())) << part;
}

TEST(Face, CoarseOrNarrowOnesDoNot) {
  Geometry coarse = head(), wide_pixels = head(), narrow = head(), thin = head();
  coarse.spacing_mm[2] = 6;
  wide_pixels.spacing_mm[1] = 2.5;
  narrow.size[0] = 150;  // 75 mm: an inner ear
  thin.size[2] = 10;     // 25 mm
  for (const Geometry& geometry : {coarse, wide_pixels, narrow, thin}) EXPECT_FALSE(can_show_face("HEAD", geometry));
}

}  // namespace
}  // namespace ctforge::io
