// One series: every way of cutting, what is dropped and why, and label maps that do not fit.
#include "pipeline/prepare/prepare_series.h"

#include "io/file/fault.h"
#include "io/volume/patch.h"
#include "io/volume/resample.h"
#include "tests/pipeline/prepare/prepare_support.h"
#include "tests/support/support.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

SeriesPatches cut(test::Cohort& cohort, const PrepareConfig& config) {
  const PreparePlan plan = make_plan(config, config.input, cohort.inventory, 1);
  return cut_series(cohort.series(0), cohort.reader(), config, plan, [] { return false; });
}

TEST(PrepareSeries, WholeSlicesArePaddedWithAir) {
  test::Cohort cohort;
  cohort.add("1", "x");
  PrepareConfig config = test::small_config();
  config.patch.cut = "whole";
  config.patch.width = 24;
  config.patch.height = 0;  // 16
  const auto result = cut(cohort, config);
  ASSERT_EQ(result.patches.size(), 4u);
  EXPECT_EQ(result.patches[0].hu.size(), 24u * 16);
  EXPECT_EQ(result.patches[0].hu[24 * 8 + 1], io::kPaddingHu);
  EXPECT_EQ(result.patches[0].hu[24 * 8 + 2], -1000);
  EXPECT_EQ(result.patches[0].hu[24 * 8 + 2 + 10], 20);
  EXPECT_FLOAT_EQ(result.patches[0].place.position_mm[0], -24);
}

TEST(PrepareSeries, AGridOverlapsByItsStride) {
  test::Cohort cohort;
  cohort.add("1", "x");
  PrepareConfig config = test::small_config();
  config.patch.cut = "grid";
  config.patch.stride_x = 4;
  config.patch.min_body_fraction = 0;
  const auto result = cut(cohort, config);
  EXPECT_EQ(result.patches.size(), 6u * 4 * 2);  // x 0, 4, 8, 12; y 0, 8
  EXPECT_EQ(result.patches[1].place.position_mm[0], -20 + 8);
  EXPECT_EQ(result.patches[4].place.position_mm[1], -16 + 16);
  EXPECT_EQ(result.patches[4].place.corner, (std::array<std::int32_t, 2>{0, 8}));
  EXPECT_EQ(result.patches[9].place.corner, (std::array<std::int32_t, 2>{4, 0}));  // of the next slice
  EXPECT_EQ(result.patches[9].place.slice, 1);
  EXPECT_EQ(result.patches[9].place.voxel_mm, (std::array<float, 3>{2, 2, 5}));
}

TEST(PrepareSeries, TheBodyCropFollowsTheBody) {
  test::Cohort cohort;
  cohort.add("1", "x");
  io::Volume& volume = cohort.volume(cohort.series(0));
  for (int row = 0; row < 16 * 6; ++row)  // everything 5 voxels to the right
    std::rotate(volume.hu.begin() + row * 20, volume.hu.begin() + row * 20 + 5, volume.hu.begin() + (row + 1) * 20);
  const auto body = cut(cohort, test::small_config());
  EXPECT_EQ(body.patches.at(0).place.position_mm[0], -20 + 2);
  EXPECT_EQ(body.patches.at(0).place.corner[0], 1);
  PrepareConfig config = test::small_config();
  config.patch.cut = "center";
  EXPECT_EQ(cut(cohort, config).patches.at(0).place.position_mm[0], -20 + 12);
}

TEST(PrepareSeries, DropsAreCountedByReason) {
  test::TemporaryFolder folder;
  test::write_file(folder / "classes.csv", "x,thorax,3,5\n");
  test::Cohort cohort;
  cohort.add("1", "x");
  auto& label = cohort.labels(cohort.series(0)).label;
  std::fill(label.begin() + 3 * 320, label.begin() + 4 * 320, std::uint8_t{0});
  PrepareConfig config = test::small_config();
  config.input = folder.path();
  config.classes.from = "table";
  config.patch.require_label = true;
  const auto result = cut(cohort, config);
  EXPECT_EQ(result.dropped_empty, 2);       // slices 0 and 5
  EXPECT_EQ(result.dropped_unlabelled, 1);  // slice 3
  EXPECT_EQ(result.dropped_unclassed, 2);   // slices 1 and 2
  ASSERT_EQ(result.patches.size(), 1u);
  EXPECT_EQ(result.patches[0].place.slice, 4);
}

TEST(PrepareSeries, ResampledPatchesEqualTheResampledVolume) {
  test::Cohort cohort;
  cohort.add("1", "x", 2);
  PrepareConfig config = test::small_config();
  config.spacing_mm = {1.3, 1.7, 1};
  config.patch.cut = "center";
  const auto result = cut(cohort, config);
  const io::Volume& volume = cohort.volume(cohort.series(0));
  const io::Geometry grid = io::resampled_grid(volume.geometry, config.spacing_mm);
  const io::Volume whole = io::resample(volume, grid);
  const io::LabelMap labels = io::resample(cohort.labels(cohort.series(0)), grid, io::LabelFilter::Linear);
  const auto window =
      io::window_about(static_cast<double>(grid.size[0] - 1) / 2, static_cast<double>(grid.size[1] - 1) / 2, 8, 8);
  ASSERT_GT(result.patches.size(), 15u);
  for (const io::Patch& patch : result.patches) {
    std::vector<std::int16_t> hu;
    std::vector<std::uint8_t> mask;
    io::cut(whole.hu, grid.size, patch.place.slice, window, io::kPaddingHu, hu);
    io::cut(labels.label, grid.size, patch.place.slice, window, std::uint8_t{0}, mask);
    EXPECT_EQ(patch.hu, hu);
    EXPECT_EQ(patch.mask, mask);
  }
}

TEST(PrepareSeries, TurnedVolumesGiveTheSamePatches) {
  test::Cohort straight, turned;
  straight.add("1", "x");
  io::Series& series = turned.add("1", "x");
  // Stored from left to right and from back to front.
  const auto turn = [](io::Geometry& geometry) {
    geometry.direction = {{{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}}};
    geometry.origin_mm = {18, 14, 100};
  };
  turn(series.geometry);
  io::Volume& volume = turned.volume(series);
  io::LabelMap& labels = turned.labels(series);
  turn(volume.geometry);
  turn(labels.geometry);
  for (int z = 0; z < 6; ++z) {
    std::reverse(volume.hu.begin() + z * 320, volume.hu.begin() + (z + 1) * 320);
    std::reverse(labels.label.begin() + z * 320, labels.label.begin() + (z + 1) * 320);
  }
  const auto expected = cut(straight, test::small_config()), found = cut(turned, test::small_config());
  ASSERT_EQ(found.patches.size(), expected.patches.size());
  for (std::size_t i = 0; i < found.patches.size(); ++i) {
    EXPECT_EQ(found.patches[i].hu, expected.patches[i].hu);
    EXPECT_EQ(found.patches[i].mask, expected.patches[i].mask);
    EXPECT_EQ(found.patches[i].place.position_mm, expected.patches[i].place.position_mm);
  }
}

TEST(PrepareSeries, LabelMapsThatDoNotFitRefuseTheSeries) {
  test::Cohort cohort;
  cohort.add("1", "x");
  cohort.labels(cohort.series(0)).geometry.origin_mm[2] += 5;
  try {
    cut(cohort, test::small_config());
    FAIL() << "accepted";
  } catch (const io::DataError& error) {
    EXPECT_EQ(error.fault(), io::Fault::LabelMismatch);
  }
}

}  // namespace
}  // namespace ctforge::pipeline
