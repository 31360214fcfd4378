// Every fault of the acceptance matrix that headers show, injected one at a time; walking, grouping, label matching.
#include "io/volume/inventory.h"

#include "tests/io/dicom/dicom_samples.h"
#include "tests/support/support.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

namespace fs = std::filesystem;
using test::write_sample_series;

Inventory scan_folder(const fs::path& path, const std::string& image = "*", const std::string& labels = "") {
  ScanOptions options;
  options.path = path;
  options.image = image;
  options.labels = labels;
  options.hash_key = "a key for tests";
  return scan(options);
}

bool refused(const Series& series, Fault fault) {
  return std::any_of(series.refusals.begin(), series.refusals.end(),
                     [&](const Finding& f) { return f.fault == fault; });
}

void put(DcmDataset& data, const DcmTagKey& tag, const std::string& text) {
  ASSERT_TRUE(data.putAndInsertString(tag, text.c_str()).good());
}

TEST(Inventory, AcceptsASoundSeries) {
  test::TemporaryFolder folder;
  const auto files = write_sample_series(folder / "p1/ct");
  const Inventory found = scan_folder(folder.path());
  ASSERT_EQ(found.series.size(), 1U);
  const Series& series = found.series.front();
  EXPECT_TRUE(series.accepted());
  EXPECT_EQ(series.name, "p1/ct");
  EXPECT_EQ(series.body_part, "CHEST");
  EXPECT_EQ(series.files, files);
  EXPECT_EQ(series.geometry.size, (std::array<std::int64_t, 3>{6, 4, 4}));
  EXPECT_EQ(series.geometry.spacing_mm, (Vector3{0.5, 0.75, 2.5}));
  EXPECT_EQ(series.geometry.origin_mm, (Vector3{-10, -20, 0}));
  EXPECT_EQ(series.patient.size(), 18U);
  EXPECT_EQ(series.patient.find("PLANTED"), std::string::npos);
}

struct Injection {
  const char* name;
  Fault fault;
  test::SampleEdit edit;
};

class InventoryRefuses : public ::testing::TestWithParam<Injection> {};

TEST_P(InventoryRefuses, TheFault) {
  test::TemporaryFolder folder;
  write_sample_series(folder.path(), 4, GetParam().edit);
  const Inventory found = scan_folder(folder.path());
  ASSERT_EQ(found.series.size(), 1U);
  EXPECT_TRUE(refused(found.series.front(), GetParam().fault));
  for (const Finding& finding : found.series.front().refusals)
    EXPECT_EQ(finding.message.find("PLANTED"), std::string::npos) << finding.message;
}

test::SampleEdit text_in(std::size_t only, const DcmTagKey& tag, const std::string& text) {
  return [=](DcmDataset& data, std::size_t slice) {
    if (slice == only || only > 100) put(data, tag, text);
  };
}
test::SampleEdit without(std::size_t only, const DcmTagKey& tag) {
  return [=](DcmDataset& data, std::size_t slice) {
    if (slice == only || only > 100) data.findAndDeleteElement(tag);
  };
}
constexpr std::size_t kAll = 1000;

INSTANTIATE_TEST_SUITE_P(
    Faults, InventoryRefuses,
    ::testing::Values(
        Injection{"BadDecimal", Fault::MalformedDicom, text_in(1, DCM_ImagePositionPatient, "a\\b\\c")},
        Injection{"NoPositionInOne", Fault::MissingPosition, without(1, DCM_ImagePositionPatient)},
        Injection{"NoPositionInAll", Fault::MissingPosition, without(kAll, DCM_ImagePositionPatient)},
        Injection{"NoOrientation", Fault::MissingPosition, without(kAll, DCM_ImageOrientationPatient)},
        Injection{"TwoSlicesAtOnePlace", Fault::DuplicateSlice, text_in(2, DCM_ImagePositionPatient, "-10\\-20\\2.5")},
        Injection{"Gap", Fault::MissingSlice, text_in(3, DCM_ImagePositionPatient, "-10\\-20\\10")},
        Injection{"OneSliceSideways", Fault::NonOrthogonalSlices, text_in(2, DCM_ImagePositionPatient, "-10\\-19\\5")},
        Injection{"Orientation", Fault::MixedOrientation, text_in(1, DCM_ImageOrientationPatient, "0\\1\\0\\1\\0\\0")},
        Injection{"FrameOfReference", Fault::MixedFrameOfReference, text_in(1, DCM_FrameOfReferenceUID, "2.25.4001")},
        Injection{"OtherSpacing", Fault::MixedPixelSpacing, text_in(1, DCM_PixelSpacing, "0.8\\0.5")},
        Injection{"ZeroSpacing", Fault::InvalidPixelSpacing, text_in(kAll, DCM_PixelSpacing, "0\\0")},
        Injection{"NoRescale", Fault::MissingRescale, without(kAll, DCM_RescaleIntercept)},
        Injection{"ZeroSlope", Fault::InvalidRescale, text_in(1, DCM_RescaleSlope, "0")},
        Injection{"Colour", Fault::NotMonochrome,
                  [](DcmDataset& data, std::size_t) {
                    data.putAndInsertUint16(DCM_SamplesPerPixel, 3);
                    put(data, DCM_PhotometricInterpretation, "RGB");
                  }},
        Injection{"HugeSize", Fault::TruncatedPixelData,
                  [](DcmDataset& data, std::size_t) {
                    data.putAndInsertUint16(DCM_Rows, 65535);
                    data.putAndInsertUint16(DCM_Columns, 65535);
                  }},
        Injection{"HugeSizeOfCompressedPixels", Fault::MalformedDicom,
                  [](DcmDataset& data, std::size_t) {
                    data.putAndInsertUint16(DCM_BitsAllocated, 32);
                    data.putAndInsertUint16(DCM_Rows, 65535);
                    data.putAndInsertUint16(DCM_Columns, 65535);
                  }},
        Injection{"BurnedIn", Fault::BurnedInAnnotation, text_in(1, DCM_BurnedInAnnotation, "YES")},
        Injection{"SeveralFramesOfAClassicObject", Fault::UnsupportedFormat, text_in(kAll, DCM_NumberOfFrames, "2")},
        Injection{"EnhancedWithoutGroups", Fault::MalformedDicom,
                  text_in(kAll, DCM_SOPClassUID, UID_EnhancedCTImageStorage)},
        Injection{"Modality", Fault::NotCt, text_in(kAll, DCM_Modality, "MR")},
        Injection{"NoPixels", Fault::MissingPixelData, without(1, DCM_PixelData)},
        Injection{"TwoPatients", Fault::MalformedDicom, text_in(1, DCM_PatientID, "OTHER")}),
    [](const auto& injection) { return std::string(injection.param.name); });

TEST(Inventory, RefusesACutSlice) {
  test::TemporaryFolder folder;
  const auto files = write_sample_series(folder.path());
  fs::resize_file(files[1], fs::file_size(files[1]) - 24);
  EXPECT_TRUE(refused(scan_folder(folder.path()).series.at(0), Fault::TruncatedPixelData));
}

TEST(Inventory, RefusesAMissingSlice) {
  test::TemporaryFolder folder;
  fs::remove(write_sample_series(folder.path(), 6)[2]);
  EXPECT_TRUE(refused(scan_folder(folder.path()).series.at(0), Fault::MissingSlice));
}

TEST(Inventory, TakesIdenticalCopiesOnce) {
  test::TemporaryFolder folder;
  const auto files = write_sample_series(folder.path());
  fs::copy_file(files[2], folder / "copy.dcm");
  const Series series = scan_folder(folder.path()).series.at(0);
  EXPECT_TRUE(series.accepted());
  EXPECT_EQ(series.files.size(), 4U);
}

// One object with two contents: which is the right one nobody can tell.
TEST(Inventory, RefusesCopiesThatDiffer) {
  test::TemporaryFolder folder;
  const auto files = write_sample_series(folder.path());
  std::string bytes = test::read_file(files[2]);
  bytes.back() ^= 1;
  test::write_file(folder / "copy.dcm", bytes);
  EXPECT_TRUE(refused(scan_folder(folder.path()).series.at(0), Fault::DuplicateSlice));
}

TEST(Inventory, FilesNeedNoExtensionAndADirectoryIsPassedOver) {
  test::TemporaryFolder folder;
  const auto files = write_sample_series(folder / "DICOM" / "S1");
  for (std::size_t i = 0; i < files.size(); ++i)
    fs::rename(files[i], folder / "DICOM" / "S1" / ("I" + std::to_string(i)));
  DcmFileFormat directory;
  put(*directory.getDataset(), DCM_SOPClassUID, UID_MediaStorageDirectoryStorage);
  put(*directory.getDataset(), DCM_SOPInstanceUID, "2.25.5");
  directory.getDataset()->putAndInsertString(DCM_FileSetID, "PLANTED");
  ASSERT_TRUE(directory.saveFile((folder / "DICOMDIR").c_str(), EXS_LittleEndianExplicit).good());
  const Inventory found = scan_folder(folder.path());
  ASSERT_EQ(found.series.size(), 1U);
  EXPECT_TRUE(found.series[0].accepted());
  EXPECT_EQ(found.skipped.at("DICOM directory"), 1);
}

TEST(Inventory, RealDicomdirFolders) {
  const auto data = test::real_data("pydicom_test_files");
  if (!data) GTEST_SKIP() << test::kNoRealData;
  const Inventory found = scan_folder(*data / "dicomdirtests");
  EXPECT_GE(found.skipped.at("DICOM directory"), 1);
  EXPECT_FALSE(found.series.empty());
}

// A link to a series elsewhere must not bring it in.
TEST(Inventory, FollowsNoLinkOutOfTheFolder) {
  test::TemporaryFolder folder;
  const auto outside = write_sample_series(folder / "outside");
  fs::create_directories(folder / "archive");
  fs::create_directory_symlink(folder / "outside", folder / "archive" / "series");
  fs::create_symlink(outside[0], folder / "archive" / "slice.dcm");
  const Inventory found = scan_folder(folder / "archive");
  EXPECT_TRUE(found.series.empty());
  EXPECT_EQ(found.skipped.at("symbolic link"), 2);
}

// A scout that ImageType does not tell of lies across the slices.
TEST(Inventory, LeavesOutLocalizersToldByTheirOrientation) {
  test::TemporaryFolder folder;
  write_sample_series(folder.path(), 5, [](DcmDataset& data, std::size_t slice) {
    if (slice != 4) return;
    put(data, DCM_ImageType, "ORIGINAL\\PRIMARY");
    put(data, DCM_ImageOrientationPatient, "1\\0\\0\\0\\0\\-1");
  });
  const Series series = scan_folder(folder.path()).series.at(0);
  EXPECT_TRUE(series.accepted());
  EXPECT_EQ(series.files.size(), 4U);
}

TEST(Inventory, ATransferSyntaxThatIsNotReadIsNamed) {
  test::TemporaryFolder folder;
  const auto files = write_sample_series(folder.path());
  for (const auto& file : files) {
    std::string bytes = test::read_file(file);
    const std::string native = std::string("1.2.840.10008.1.2.1") + '\0';
    const std::size_t at = bytes.find(native);
    ASSERT_NE(at, std::string::npos);
    test::write_file(file, bytes.replace(at, native.size(), "1.2.840.10008.1.2.77"));
  }
  const Series series = scan_folder(folder.path()).series.at(0);
  ASSERT_TRUE(refused(series, Fault::UnsupportedTransferSyntax));
}

TEST(Inventory, ToleratesJitterAndSaysSo) {
  test::TemporaryFolder folder;
  write_sample_series(folder.path(), 4, text_in(1, DCM_ImagePositionPatient, "-10\\-20\\2.55"));
  const Series series = scan_folder(folder.path()).series.at(0);
  EXPECT_TRUE(series.accepted());
  EXPECT_FALSE(series.notes.empty());
}

TEST(Inventory, SplitsSeriesAndLeavesLocalizersOut) {
  test::TemporaryFolder folder;
  write_sample_series(folder.path(), 6, [](DcmDataset& data, std::size_t slice) {
    if (slice < 3) put(data, DCM_SeriesInstanceUID, "2.25.2001");
    if (slice == 5) put(data, DCM_ImageType, "ORIGINAL\\PRIMARY\\LOCALIZER");
  });
  const Inventory found = scan_folder(folder.path());
  ASSERT_EQ(found.series.size(), 2U);
  EXPECT_EQ(found.series[0].files.size(), 3U);
  EXPECT_EQ(found.series[1].files.size(), 2U);
  EXPECT_EQ(found.series[0].patient, found.series[1].patient);
}

TEST(Inventory, CountsWhatIsNoImageAndFollowsNoLinks) {
  test::TemporaryFolder folder;
  test::write_file(folder / "empty", "");
  test::write_file(folder / "note.txt", "nothing of interest");
  test::write_file(folder / "random.dcm", std::string("\x9b\x01\xf3\x77", 4) + std::string(500, 'x'));
  fs::create_directory_symlink(folder.path(), folder / "loop");
  const Inventory found = scan_folder(folder.path());
  EXPECT_TRUE(found.series.empty());
  EXPECT_EQ(found.files, 4);
  EXPECT_EQ(found.skipped.at("neither DICOM nor a volume file"), 3);
  EXPECT_EQ(found.skipped.at("symbolic link"), 1);
}

TEST(Inventory, RefusesVolumeFilesTooNarrowForHu) {
  test::TemporaryFolder folder;
  std::string bytes =
      test::with_value(test::with_value(test::sample_nifti(), 70, std::int16_t{2}), 72, std::int16_t{8});
  test::write_file(folder / "a.nii", bytes);
  bytes = test::with_value(test::with_value(bytes, 112, 16.0F), 116, -1024.0F);  // scl_slope, scl_inter
  test::write_file(folder / "b.nii", bytes);
  const Inventory found = scan_folder(folder.path());
  ASSERT_EQ(found.series.size(), 2U);
  ASSERT_EQ(found.series[0].refusals.size(), 1U);
  EXPECT_EQ(found.series[0].refusals[0].fault, Fault::NotCt);
  EXPECT_TRUE(found.series[1].accepted());
}

TEST(Inventory, MatchesLabelMapsOfVolumeFiles) {
  test::TemporaryFolder folder;
  fs::create_directories(folder / "site1");
  for (const char* name : {"site1/a_ct.nii", "site1/a_seg.nii", "site1/b_ct.nii", "site1/other.nii"})
    test::write_file(folder / name, test::sample_nifti());
  const Inventory found = scan_folder(folder.path(), "*_ct.nii", "*_seg.nii");
  ASSERT_EQ(found.series.size(), 2U);
  EXPECT_EQ(found.series[0].name, "site1/a");
  EXPECT_EQ(found.series[0].labels, folder / "site1/a_seg.nii");
  EXPECT_TRUE(found.series[1].labels.empty());
  EXPECT_EQ(found.skipped.at("label map"), 1);
}

TEST(Inventory, LabelMapsAreNotFoundThroughLinks) {
  test::TemporaryFolder folder;
  fs::create_directories(folder / "archive");
  fs::create_directories(folder / "outside");
  test::write_file(folder / "archive" / "a_ct.nii", test::sample_nifti());
  test::write_file(folder / "outside" / "a_seg.nii", test::sample_nifti());
  fs::create_directory_symlink(folder / "outside", folder / "archive" / "masks");
  EXPECT_TRUE(scan_folder(folder / "archive", "*_ct.nii", "masks/*_seg.nii").series.at(0).labels.empty());
}

TEST(Inventory, MatchesLabelMapsOfDicomSeriesInTheNearestFolder) {
  test::TemporaryFolder folder;
  write_sample_series(folder / "p1/ct");
  test::write_file(folder / "p1/seg.nii", test::sample_nifti());
  EXPECT_EQ(scan_folder(folder.path(), "*", "*/seg.nii").series.at(0).labels, folder / "p1/seg.nii");
  EXPECT_TRUE(scan_folder(folder.path(), "*", "../*/seg.nii").series.at(0).labels.empty());
}

TEST(Inventory, OneFileAndAMissingFolder) {
  test::TemporaryFolder folder;
  test::write_file(folder / "v.nii", test::sample_nifti());
  EXPECT_EQ(scan_folder(folder / "v.nii").series.size(), 1U);
  EXPECT_THROW(scan_folder(folder / "absent"), DataError);
}

}  // namespace
}  // namespace ctforge::io
