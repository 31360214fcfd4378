// A label map on its CT's grid, the same grid in another order, and grids that are not the CT's.
#include "io/label_grid.h"

#include "io/volume_file.h"
#include "tests/io/volume_samples.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

LabelGrid written(const Geometry& geometry, const Geometry& ct) {
  const test::TemporaryFolder folder;
  write_labels(folder / "l.nii.gz", {geometry, std::vector<std::uint8_t>(static_cast<std::size_t>(geometry.voxels()))});
  return read_label_grid(folder / "l.nii.gz", ct, {});
}

TEST(LabelGrid, IsTheCtsWithinATenthOfAVoxel) {
  const Geometry ct = oblique().geometry;
  Geometry labels = ct;
  labels.origin_mm[0] += 0.05;
  EXPECT_FALSE(written(labels, ct).reordered);
  labels.origin_mm[0] += 0.05;
  EXPECT_THROW(written(labels, ct), DataError);
}

TEST(LabelGrid, MayOrderItsRowsFromTheBack) {
  const Geometry ct = oblique().geometry;
  Geometry labels = ct;
  labels.origin_mm = index_to_point_mm(ct, {0, 3, 0});
  for (auto& row : labels.direction) row[1] = -row[1];
  EXPECT_TRUE(written(labels, ct).reordered);
  labels.origin_mm[1] += 1;
  EXPECT_THROW(written(labels, ct), DataError);
}

TEST(LabelGrid, OfAnotherSizeIsRefused) {
  const Geometry ct = oblique().geometry;
  Geometry labels = ct;
  labels.size[2] = 3;
  try {
    written(labels, ct);
    FAIL() << "accepted";
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::LabelMismatch);
  }
}

}  // namespace
}  // namespace ctforge::io
