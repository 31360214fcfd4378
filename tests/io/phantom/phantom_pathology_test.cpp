// Lesions and implants are there when asked for and only then, in every region.
#include "tests/io/phantom/phantom_support.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace ctforge::io::phantom {
namespace {

int count(const Scene& scene, Tissue tissue) {
  return static_cast<int>(std::count_if(scene.paints().begin(), scene.paints().end(),
                                        [&](const Paint& paint) { return paint.tissue == tissue; }));
}

TEST(PhantomPathology, NothingUnlessAskedFor) {
  for (const PhantomRegion region : kPhantomRegions) {
    const Scene scene = scene_of(1, region);
    EXPECT_EQ(count(scene, Tissue::Lesion), 0);
    EXPECT_EQ(count(scene, Tissue::Implant), 0);
  }
}

TEST(PhantomPathology, LesionsDifferInNumberSizeAndPlace) {
  for (const PhantomRegion region : kPhantomRegions) {
    int fewest = 100, most = 0;
    double smallest = 1e9, largest = 0;
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      const Build plain = draw_build(seed, region);
      Build build = plain;
      build.has_lesions = true;
      Scene scene;
      paint_lesions(scene, make_frame(build), build);
      fewest = std::min(fewest, count(scene, Tissue::Lesion));
      most = std::max(most, count(scene, Tissue::Lesion));
      for (const Paint& paint : scene.paints()) {
        const double width = paint.shape.bounds.high[0] - paint.shape.bounds.low[0];
        smallest = std::min(smallest, width);
        largest = std::max(largest, width);
        EXPECT_EQ(paint.label, Label::Lesion);
        EXPECT_NE(paint.over, kAnyTissue);  // never over air outside or bone elsewhere
      }
    }
    EXPECT_GE(fewest, 1);
    EXPECT_GT(most, fewest);
    EXPECT_GT(largest, 1.5 * smallest);
  }
}

TEST(PhantomPathology, ImplantsAreMetalOnly) {
  for (const PhantomRegion region : kPhantomRegions) {
    const Scene scene = scene_of(2, region, false, true);
    EXPECT_GT(count(scene, Tissue::Implant), 0);
    for (const Paint& paint : scene.paints()) {
      EXPECT_EQ(paint.tissue == Tissue::Implant, paint.label == Label::Implant);
    }
  }
}

}  // namespace
}  // namespace ctforge::io::phantom
