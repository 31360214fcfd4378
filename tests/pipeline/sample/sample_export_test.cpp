// Exported samples, read back as a hospital's files would be: the shards' HU, labels and spacing, whole after an
// interruption.
#include "pipeline/sample/sample_export.h"

#include "io/file/fault.h"
#include "io/file/shard.h"
#include "io/volume/load.h"
#include "tests/support/support.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

const SampleOrigin kOrigin = {std::string(64, 'c'), 1234, 99};

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

void write_shard(const fs::path& folder, int count) {
  fs::remove(folder / "synthetic-00000.safetensors");
  io::ShardWriter writer(folder, "synthetic", info());
  for (std::int16_t i = 0; i < count; ++i) {
    io::Patch patch;
    patch.hu = {-1000, -5, i, 7, 40, 1000};
    patch.mask = {0, 1, 1, 0, 0, 1};
    patch.patient = patch.series = "SYN-00000" + std::to_string(i + 1);
    writer.add(patch);
  }
  writer.finish();
}

class SampleExport : public ::testing::TestWithParam<std::string> {
 protected:
  void write(const Context& context = {}, const ExportOptions& options = {}) const {
    if (GetParam() == "nifti") return export_nifti(folder_.path(), kOrigin, options, context);
    export_dicom(folder_.path(), kOrigin, options, context);
  }
  fs::path file(int sample, const std::string& ending) const {
    return folder_ / (GetParam() + "/SYN-00000" + std::to_string(sample) + ending);
  }
  fs::path image(int sample) const { return file(sample, GetParam() == "nifti" ? ".nii.gz" : "/CT000001.dcm"); }
  fs::path mask(int sample) const { return file(sample, GetParam() == "nifti" ? "_mask.nii.gz" : "_seg.dcm"); }
  // What an archive of these files holds, as the prepare stage would see it.
  io::Inventory read_back() const {
    io::ScanOptions options;
    options.path = folder_ / GetParam();
    options.image = "*.nii.gz";
    options.labels = "*_mask.nii.gz";
    options.min_slices = 1;
    return io::scan(options);
  }

  ctforge::test::TemporaryFolder folder_;
};

TEST_P(SampleExport, ReadsBackWithItsMask) {
  write_shard(folder_.path(), 2);
  write();
  const io::Inventory found = read_back();
  ASSERT_EQ(found.series.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const io::Series& series = found.series[i];
    ASSERT_TRUE(series.accepted()) << series.refusals.front().message;
    EXPECT_EQ(series.geometry.size, (std::array<std::int64_t, 3>{3, 2, 1}));
    EXPECT_EQ(series.geometry.spacing_mm, (io::Vector3{2, 3, 5}));
    const auto value = static_cast<std::int16_t>(i);
    EXPECT_EQ(io::load_volume(series).hu, (std::vector<std::int16_t>{-1000, -5, value, 7, 40, 1000}));
    EXPECT_TRUE(fs::exists(mask(static_cast<int>(i) + 1)));
    if (GetParam() == "nifti") {  // checks the grid too
      EXPECT_EQ(io::load_labels(series).label, (std::vector<std::uint8_t>{0, 1, 1, 0, 0, 1}));
    }
  }
}

TEST_P(SampleExport, GoesOnAfterAnInterruptionAndKeepsWhatIsThere) {
  write_shard(folder_.path(), 3);
  Context context;
  int asked = 0;
  context.interrupted = [&] { return ++asked > 2; };
  EXPECT_THROW(write(context), Interrupted);
  EXPECT_TRUE(fs::exists(mask(2)));
  EXPECT_FALSE(fs::exists(image(3)));
  const auto time = fs::last_write_time(image(1));
  const std::string bytes = ctforge::test::read_file(image(2)), mask_bytes = ctforge::test::read_file(mask(1));
  fs::remove(image(2));
  fs::remove(mask(1));
  write();
  EXPECT_EQ(fs::last_write_time(image(1)), time);
  EXPECT_EQ(ctforge::test::read_file(image(2)), bytes);
  EXPECT_EQ(ctforge::test::read_file(mask(1)), mask_bytes);
  EXPECT_TRUE(fs::exists(mask(3)));
}

TEST_P(SampleExport, RemovesSamplesThatAreNoMoreAndLeavesOthersFilesAlone) {
  write_shard(folder_.path(), 3);
  write({}, {.surfaces = true});
  EXPECT_TRUE(fs::exists(file(1, "_01_organ.stl")));
  ctforge::test::write_file(file(3, "_my_notes.txt"), "kept");
  write_shard(folder_.path(), 1);
  write();
  EXPECT_EQ(read_back().series.size(), 1U);
  EXPECT_FALSE(fs::exists(mask(2)));
  EXPECT_FALSE(fs::exists(image(3)));
  EXPECT_FALSE(fs::exists(file(1, "_01_organ.stl")));
  EXPECT_TRUE(fs::exists(file(3, "_my_notes.txt")));
}

TEST_P(SampleExport, RefusesAFolderWithoutSamples) { EXPECT_THROW(write(), io::DataError); }

INSTANTIATE_TEST_SUITE_P(Formats, SampleExport, ::testing::Values("nifti", "dicom"),
                         [](const auto& format) { return format.param; });

TEST(ExportDicom, TellsWhatTheSamplesWereDrawnFrom) {
  const ctforge::test::TemporaryFolder folder;
  write_shard(folder.path(), 1);
  export_dicom(folder.path(), kOrigin, {.structure_set = true}, {});
  for (const char* name : {"SYN-000001/CT000001.dcm", "SYN-000001_seg.dcm", "SYN-000001_rtstruct.dcm"}) {
    const std::string bytes = ctforge::test::read_file(folder / ("dicom/" + std::string(name)));
    for (const char* text : {"SYNTHETIC^SYN-000001", "SYNTHETIC only", "Synthesizing Equipment",
                             "Drawn with seed 99 from a generator of 1234 training steps"})
      EXPECT_NE(bytes.find(text), std::string::npos) << name << " " << text;
    EXPECT_NE(bytes.find("\\checkpoint cccccccccccccccc"), std::string::npos);
    EXPECT_NE(bytes.find("checkpoint " + kOrigin.checkpoint_sha256 + "."), std::string::npos);
  }
}

TEST(ExportDicom, AnotherFormOfTheCtIsWrittenWithWhatRefersToIt) {
  const ctforge::test::TemporaryFolder folder;
  write_shard(folder.path(), 1);
  export_dicom(folder.path(), kOrigin, {}, {});
  const std::string series = ctforge::test::read_file(folder / "dicom/SYN-000001_seg.dcm");
  export_dicom(folder.path(), kOrigin, {.enhanced = true}, {});
  EXPECT_FALSE(fs::exists(folder / "dicom/SYN-000001"));
  EXPECT_TRUE(fs::exists(folder / "dicom/SYN-000001_ct.dcm"));
  EXPECT_NE(ctforge::test::read_file(folder / "dicom/SYN-000001_seg.dcm"), series);
  export_dicom(folder.path(), kOrigin, {}, {});
  EXPECT_EQ(ctforge::test::read_file(folder / "dicom/SYN-000001_seg.dcm"), series);
}

}  // namespace
}  // namespace ctforge::pipeline
