// Enhanced multi-frame CT through the child process: against the same slices as single files, and real ones in many
// encodings against each other.
#include "io/volume/load.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

namespace fs = std::filesystem;

Inventory scan_folder(const fs::path& path) {
  ScanOptions options;
  options.path = path;
  return scan(options);
}

// The samples as one enhanced object, its frames in reverse: the same volume, uncompressed and deflated.
TEST(LoadEnhanced, AnEnhancedObjectEqualsItsSlices) {
  test::TemporaryFolder folder;
  test::write_sample_series(folder / "slices");
  const Volume expected = load_volume(scan_folder(folder / "slices").series.at(0));
  for (const E_TransferSyntax syntax :
       {EXS_LittleEndianExplicit, EXS_BigEndianExplicit, EXS_DeflatedLittleEndianExplicit}) {
    test::write_enhanced_sample(folder / "enhanced", 4, syntax);
    const Series series = scan_folder(folder / "enhanced").series.at(0);
    ASSERT_TRUE(series.accepted()) << series.refusals.front().message;
    EXPECT_EQ(series.files.size(), 1U);
    EXPECT_TRUE(same_grid(series.geometry, expected.geometry));
    EXPECT_EQ(load_volume(series).hu, expected.hu);
  }
}

// The value behind the element says how many frames there are; the pixels of one are missing.
TEST(LoadEnhanced, AnEnhancedObjectCutShortIsRefused) {
  test::TemporaryFolder folder;
  test::write_enhanced_sample(folder / "enhanced", 4, EXS_LittleEndianExplicit);
  fs::resize_file(folder / "enhanced", fs::file_size(folder / "enhanced") - 48);
  const Series series = scan_folder(folder / "enhanced").series.at(0);
  ASSERT_EQ(series.refusals.size(), 1U);
  EXPECT_EQ(series.refusals[0].fault, Fault::TruncatedPixelData);
}

// Ten encodings of two frames, one of them in another order than they lie, fragmented or not, with and without offset
// table. They are perfusion maps and refused as such; said to be a CT, all but the lossy ones hold the same pixels.
TEST(LoadEnhanced, RealOnesInTenEncodings) {
  const auto data = test::real_data("enhanced_ct_multiframe");
  if (!data) GTEST_SKIP() << test::kNoRealData;
  test::TemporaryFolder folder;
  std::vector<std::int16_t> expected;
  int lossless = 0, lossy = 0;
  for (const auto& entry : fs::directory_iterator(*data)) {
    if (entry.path().extension() != ".dcm") continue;
    const Series perfusion = scan_folder(entry.path()).series.at(0);
    ASSERT_EQ(perfusion.refusals.size(), 1U);
    EXPECT_EQ(perfusion.refusals[0].fault, Fault::NotCt);
    DcmFileFormat file;
    ASSERT_TRUE(file.loadFile(entry.path().c_str()).good());
    DcmItem* shared = nullptr;
    DcmItem* type = nullptr;
    ASSERT_TRUE(file.getDataset()->findAndGetSequenceItem(DCM_SharedFunctionalGroupsSequence, shared, 0).good());
    ASSERT_TRUE(shared->findAndGetSequenceItem(DCM_CTImageFrameTypeSequence, type, 0).good());
    type->putAndInsertString(DCM_FrameType, "ORIGINAL\\PRIMARY\\VOLUME\\NONE");
    ASSERT_TRUE(file.saveFile((folder / "ct").c_str(), file.getDataset()->getOriginalXfer()).good());
    const Series series = scan_folder(folder / "ct").series.at(0);
    ASSERT_TRUE(series.accepted()) << entry.path().filename() << series.refusals.front().message;
    EXPECT_EQ(series.geometry.size, (std::array<std::int64_t, 3>{512, 512, 2}));
    EXPECT_EQ(series.geometry.spacing_mm, (Vector3{0.388672, 0.388672, 10}));
    EXPECT_EQ(series.geometry.direction[0][0], -1);
    const Volume volume = load_volume(series);
    const std::string name = entry.path().filename();
    if (name.find(".51.") != std::string::npos || name.find(".81.") != std::string::npos) {
      ++lossy;
      continue;
    }
    ++lossless;
    if (expected.empty()) expected = volume.hu;
    EXPECT_TRUE(volume.hu == expected) << name;
  }
  EXPECT_EQ(lossless, 8);
  EXPECT_EQ(lossy, 2);
}

}  // namespace
}  // namespace ctforge::io
