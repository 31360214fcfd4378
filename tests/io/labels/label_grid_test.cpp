// A label map on its CT's grid, the same grid in another order, and grids that are not the CT's.
#include "io/labels/label_grid.h"

#include "io/volume/volume_file.h"
#include "tests/io/volume/volume_samples.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

LabelGrid written(const Geometry& geometry, const Geometry& ct, bool tilted = false) {
  const test::TemporaryFolder folder;
  write_labels(folder / "l.nii.gz", {geometry, std::vector<std::uint8_t>(static_cast<std::size_t>(geometry.voxels()))});
  return read_label_grid(folder / "l.nii.gz", ct, {}, tilted);
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

// The planes of a tilted series resampled by somebody else: begun elsewhere in them, and larger.
TEST(LabelGrid, OfATiltedSeriesMayBeShiftedWithinThePlanes) {
  Geometry ct;
  ct.size = {3, 4, 2};
  ct.spacing_mm = {0.5, 0.75, 2};
  Geometry labels = ct;
  labels.size = {5, 4, 2};
  labels.origin_mm = {-0.5 + 0.1, 0.75, 0};
  const auto shift = written(labels, ct, true).shift;
  ASSERT_TRUE(shift);
  EXPECT_EQ(*shift, (std::array<std::int64_t, 2>{-1, 1}));
  EXPECT_THROW(written(labels, ct), DataError);
  labels.origin_mm[2] = 1;  // between the planes
  EXPECT_THROW(written(labels, ct, true), DataError);
}

TEST(LabelGrid, MovedLabelsLieWhereTheyDid) {
  LabelMap labels{{{3, 2, 1}, {1, 1, 1}}, {1, 2, 3, 4, 5, 6}};
  Geometry ct{{4, 3, 1}, {1, 1, 1}};
  using Row = std::vector<std::uint8_t>;
  EXPECT_EQ(move_in_planes(labels, {1, 1}, ct).label, (Row{0, 0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6}));
  EXPECT_EQ(move_in_planes(labels, {-1, -1}, ct).label, (Row{5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(move_in_planes(labels, {3, 2}, ct).label, (Row{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(move_in_planes(labels, {-9, 0}, ct).label, Row(12, 0));
  EXPECT_EQ(move_in_planes(labels, {9, 0}, ct).label, Row(12, 0));
}

}  // namespace
}  // namespace ctforge::io
