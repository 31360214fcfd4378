// Slices of volumes in three planes, the way up they are shown, and PNG images as sets.
#include "pipeline/evaluate/evaluate_images.h"

#include "io/file/fault.h"
#include "io/volume/inventory.h"
#include "io/volume/volume_file.h"
#include "tests/io/file/fault_of.h"
#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

// 12 x 10 x 8 voxels of 1 mm in axial order whose HU tell where they lie: 100 z + 10 y + x - 1000.
io::Volume telling() {
  io::Volume volume;
  volume.geometry = {.size = {12, 10, 8}, .spacing_mm = {1, 1, 1}, .origin_mm = {0, 0, 0}};
  for (std::int64_t z = 0; z < 8; ++z)
    for (std::int64_t y = 0; y < 10; ++y)
      for (std::int64_t x = 0; x < 12; ++x) volume.hu.push_back(static_cast<std::int16_t>(100 * z + 10 * y + x - 1000));
  return volume;
}

std::vector<io::Series> scanned(const std::filesystem::path& folder) {
  io::ScanOptions options;
  options.path = folder;
  options.hash_key = "key";
  return io::scan(options).series;
}

TEST(VolumeSlices, LieInEachPlaneHeadAndFrontUp) {
  const test::TemporaryFolder folder;
  io::write_volume(folder / "a.nii", telling());
  io::write_volume(folder / "b.nii", telling());
  test::write_file(folder / "broken.nii", "no volume");
  EvaluateConfig config;
  config.planes = {"axial", "coronal", "sagittal"};
  config.volumes.size = 8;
  config.images = 2;
  const VolumeSlices slices = volume_slices(scanned(folder.path()), config, test::context_of(folder.path()));
  EXPECT_EQ(slices.volumes, 2);
  EXPECT_EQ(slices.refused, 1);
  ASSERT_EQ(slices.planes.size(), 3u);
  const auto pixel = [&](std::size_t plane, std::int64_t row, std::int64_t column) {
    return slices.planes[plane].second.all().hu[0][row][column].item<int>();
  };
  EXPECT_EQ(slices.planes[1].first, "coronal");
  EXPECT_EQ(slices.planes[0].second.size(), 2);
  EXPECT_EQ(slices.planes[0].second.patients.size(), 2u);
  // The middle slice, and within it the middle 8 x 8: axial from x = 2, y = 1, at z = 4.
  EXPECT_EQ(pixel(0, 0, 0), 400 + 10 + 2 - 1000);
  EXPECT_EQ(pixel(0, 3, 5), 400 + 40 + 7 - 1000);
  EXPECT_EQ(pixel(1, 0, 0), 700 + 50 + 2 - 1000);  // y = 5; the topmost slice first
  EXPECT_EQ(pixel(1, 7, 1), 0 + 50 + 3 - 1000);
  EXPECT_EQ(pixel(2, 0, 0), 700 + 10 + 6 - 1000);  // x = 6; columns go to the back
}

TEST(VolumeSlices, ArePaddedWithAirAndStretchedWhereAskedTo) {
  const test::TemporaryFolder folder;
  io::write_volume(folder / "a.nii", telling());
  EvaluateConfig config;
  config.volumes.size = 16;
  config.volumes.scaling = "volume";
  config.images = 0;
  const VolumeSlices slices = volume_slices(scanned(folder.path()), config, test::context_of(folder.path()));
  const torch::Tensor hu = slices.planes[0].second.all().hu;
  EXPECT_EQ(hu.size(0), 8);  // every slice
  EXPECT_EQ(hu[0][0][0].item<int>(), -1024);
  EXPECT_EQ(hu[0][3][2].item<int>(), -1000);   // the lowest voxel, -1000 HU
  EXPECT_EQ(hu[7][12][13].item<int>(), 1000);  // the highest, -199 HU, at the window's end
}

TEST(VolumeSlices, OfCubesCountFromTheCubesEdges) {
  const test::TemporaryFolder folder;
  io::write_volume(folder / "a.nii", telling());  // 12 x 10 x 8
  EvaluateConfig config;
  config.volumes.size = 10;
  config.volumes.cube = true;
  config.volumes.centre = 0.8;
  config.images = 0;
  const VolumeSlices slices = volume_slices(scanned(folder.path()), config, test::context_of(folder.path()));
  const torch::Tensor hu = slices.planes[0].second.all().hu;
  ASSERT_EQ(hu.size(0), 8);                      // 80 % of ten: without the slices of padding at either end
  EXPECT_EQ(hu[0][0][0].item<int>(), 1 - 1000);  // x from 1 on
  EXPECT_EQ(hu[7][9][9].item<int>(), 790 + 10 - 1000);
  config.volumes.centre = 1;
  const VolumeSlices all = volume_slices(scanned(folder.path()), config, test::context_of(folder.path()));
  EXPECT_EQ(all.planes[0].second.all().hu[0].max().item<int>(), -1024);
}

TEST(VolumeSlices, WithoutAUsableVolumeAreRefused) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "broken.nii", "no volume");
  EXPECT_EQ(test::fault_of([&] { volume_slices(scanned(folder.path()), {}, test::context_of(folder.path())); }),
            io::Fault::NothingUsable);
}

TEST(PngImages, AreGreyLevelsOfAPatientEach) {
  const test::TemporaryFolder folder;
  const auto oracle = test::source_dir() / "tests" / "oracle";
  EXPECT_EQ(test::fault_of([&] { png_images(folder.path()); }), io::Fault::NothingUsable);
  std::filesystem::copy_file(oracle / "grey.png", folder / "a.png");
  std::filesystem::copy_file(oracle / "grey.png", folder / "b.png");
  const eval::PatchSet set = png_images(folder.path());
  EXPECT_EQ(set.size(), 2);
  EXPECT_EQ(set.patients.size(), 2u);
  EXPECT_EQ(set.all().hu[1][1][2].item<int>(), 255);
  std::filesystem::copy_file(oracle / "rgb.png", folder / "c.png");
  EXPECT_EQ(test::fault_of([&] { png_images(folder.path()); }), io::Fault::UnsupportedFormat);
}

}  // namespace
}  // namespace ctforge::pipeline
