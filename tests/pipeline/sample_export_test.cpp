// Exported samples: one volume and one label map each, with the shards' spacing and voxels.
#include "pipeline/sample_export.h"

#include "io/fault.h"
#include "io/load.h"
#include "io/shard.h"
#include "tests/support/support.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

io::ShardInfo info() {
  io::ShardInfo result;
  result.height = 2;
  result.width = 3;
  result.classes = {"only"};
  result.labels = {"background", "organ"};
  result.spacing_mm = {2, 3, 5};
  result.synthetic = true;
  return result;
}

TEST(ExportNifti, WritesAVolumeAndALabelMapASample) {
  const ctforge::test::TemporaryFolder folder;
  io::ShardWriter writer(folder.path(), "synthetic", info());
  io::Patch patch;
  patch.hu = {-1000, -5, 0, 7, 40, 1000};
  patch.mask = {0, 1, 1, 0, 0, 1};
  patch.patient = patch.series = "SYN-000001";
  writer.add(patch);
  writer.finish();
  export_nifti(folder.path(), {});
  const auto bytes = ctforge::test::read_file(folder / "nifti/SYN-000001.nii.gz");
  EXPECT_FALSE(bytes.empty());
  EXPECT_TRUE(fs::exists(folder / "nifti/SYN-000001_mask.nii.gz"));
  export_nifti(folder.path(), {});  // what is there is kept
  EXPECT_EQ(ctforge::test::read_file(folder / "nifti/SYN-000001.nii.gz"), bytes);
}

TEST(ExportNifti, RefusesAFolderWithoutSamples) {
  const ctforge::test::TemporaryFolder folder;
  EXPECT_THROW(export_nifti(folder.path(), {}), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
