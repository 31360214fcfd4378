// Voxels through the child process: hand-made series, every kind of refusal, and real scans against their oracles.
#include "io/volume/load.h"

#include "io/volume/resample.h"
#include "io/volume/volume_file.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/io/file/fault_of.h"
#include "tests/support/support.h"

#include <map>
#include <numeric>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

namespace fs = std::filesystem;

Inventory scan_folder(const fs::path& path, std::int64_t min_slices = 2, const std::string& image = "*",
                      const std::string& labels = "") {
  ScanOptions options;
  options.path = path;
  options.min_slices = min_slices;
  options.image = image;
  options.labels = labels;
  return scan(options);
}

using test::fault_of;

TEST(Load, DicomBecomesHu) {
  test::TemporaryFolder folder;
  test::write_sample_series(folder.path());
  const Series series = scan_folder(folder.path()).series.at(0);
  DecodeOptions options;
  options.threads = 3;
  const Volume volume = load_volume(series, options);
  ASSERT_EQ(volume.hu.size(), 96U);
  for (std::size_t slice = 0; slice < 4; ++slice)
    for (int i = 0; i < 24; ++i)
      EXPECT_EQ(volume.hu[slice * 24 + static_cast<std::size_t>(i)], test::sample_stored(slice, i) - 1024);
}

TEST(Load, RescaleOfEachSliceAndPadding) {
  test::TemporaryFolder folder;
  test::write_sample_series(folder.path(), 4, [](DcmDataset& data, std::size_t slice) {
    data.putAndInsertString(DCM_RescaleSlope, slice == 1 ? "0.5" : "2");
    data.putAndInsertUint16(DCM_PixelPaddingValue, static_cast<Uint16>(test::sample_stored(slice, 3)));
  });
  const Volume volume = load_volume(scan_folder(folder.path()).series.at(0));
  EXPECT_EQ(volume.hu[0], 2 * 1000 - 1024);
  EXPECT_EQ(volume.hu[24], 550 - 1024);
  EXPECT_EQ(volume.hu[3], -1024);
  EXPECT_EQ(volume.hu[27], -1024);
}

TEST(Load, RefusesHuBeyondInt16AndRefusedSeries) {
  test::TemporaryFolder folder;
  test::write_sample_series(folder.path(), 4,
                            [](DcmDataset& data, std::size_t) { data.putAndInsertString(DCM_RescaleSlope, "40"); });
  Series series = scan_folder(folder.path()).series.at(0);
  EXPECT_EQ(fault_of([&] { load_volume(series); }), Fault::HuOutOfRange);
  series.refusals.push_back({Fault::MissingSlice, "told"});
  EXPECT_EQ(fault_of([&] { load_volume(series); }), Fault::MissingSlice);
}

TEST(Load, ADecoderThatDiesOrHangsIsAFinding) {
  test::TemporaryFolder folder;
  test::write_sample_series(folder.path());
  const Series series = scan_folder(folder.path()).series.at(0);
  const auto script = [&](const std::string& body) {
    test::write_file(folder / "decoder", "#!/bin/sh\n" + body + "\n");
    fs::permissions(folder / "decoder", fs::perms::owner_all);
    DecodeOptions options;
    options.decoder = folder / "decoder";
    options.time_limit_s = 0.5;
    return options;
  };
  EXPECT_EQ(fault_of([&] { load_volume(series, script("kill -ABRT $$")); }), Fault::DecoderDied);
  EXPECT_EQ(fault_of([&] { load_volume(series, script("while :; do :; done")); }), Fault::DecoderDied);
  EXPECT_EQ(fault_of([&] { load_volume(series, script("exit 9")); }), Fault::DecoderDied);
  EXPECT_THROW(load_volume(series, script("exit 0")), std::runtime_error);
}

// Whatever a flipped byte does, the answer is a volume or a refusal.
TEST(Load, SurvivesFlippedBytes) {
  test::TemporaryFolder folder;
  const auto files = test::write_sample_series(folder.path());
  const std::string sound = test::read_file(files[1]);
  int loaded = 0, refused = 0;
  for (std::size_t i = 0; i < 60; ++i) {
    std::string bytes = sound;
    bytes[132 + (i * 7919) % (bytes.size() - 132)] ^= static_cast<char>(1 + i * 37 % 255);
    test::write_file(files[1], bytes);
    for (const Series& series : scan_folder(folder.path()).series) try {
        EXPECT_EQ(static_cast<std::int64_t>(load_volume(series).hu.size()), series.geometry.voxels());
        ++loaded;
      } catch (const DataError&) {
        ++refused;
      }
  }
  EXPECT_GE(loaded + refused, 60);
  EXPECT_GT(loaded, 0);  // a flipped bit of a name or a pixel harms nothing
  EXPECT_GT(refused, 0);
}

TEST(Load, NiftiRoundTripAndLabels) {
  test::TemporaryFolder folder;
  Volume volume;
  volume.geometry.size = {3, 4, 2};
  volume.geometry.spacing_mm = {0.5, 0.75, 2};
  volume.geometry.origin_mm = {-10, 20, 30};
  volume.hu.resize(24);
  std::iota(volume.hu.begin(), volume.hu.end(), std::int16_t{-12});
  LabelMap labels{volume.geometry, std::vector<std::uint8_t>(24, 7)};
  for (const std::string extension : {".nii", ".nii.gz", ".nrrd", ".mha"}) {
    write_volume(folder / ("a_ct" + extension), volume);
    write_labels(folder / ("a_seg" + extension), labels);
    const Series series = scan_folder(folder.path(), 2, "*_ct" + extension, "*_seg" + extension).series.at(0);
    ASSERT_TRUE(series.accepted()) << extension << series.refusals.front().message;
    EXPECT_TRUE(same_grid(series.geometry, volume.geometry)) << extension;
    EXPECT_EQ(load_volume(series).hu, volume.hu) << extension;
    EXPECT_EQ(load_labels(series).label, labels.label) << extension;
    labels.geometry.origin_mm[0] += 1;
    write_labels(folder / ("a_seg" + extension), labels);
    EXPECT_EQ(fault_of([&] { load_labels(series); }), Fault::LabelMismatch) << extension;
    const Series shifted = scan_folder(folder.path(), 2, "*_ct" + extension, "*_seg" + extension).series.at(0);
    ASSERT_EQ(shifted.refusals.size(), 1U) << extension;
    EXPECT_EQ(shifted.refusals.front().fault, Fault::LabelMismatch) << extension;
    labels.geometry.origin_mm[0] -= 1;
  }
}

// What dcm2niix does: the same grid, its rows stored from the back to the front.
TEST(Load, LabelsOfTheSameGridInAnotherOrder) {
  test::TemporaryFolder folder;
  Volume volume;
  volume.geometry = {{3, 4, 2}, {0.5, 0.75, 2}, {-10, 20, 30}, {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}};
  volume.hu.resize(24);
  std::iota(volume.hu.begin(), volume.hu.end(), std::int16_t{-12});
  LabelMap labels{volume.geometry, std::vector<std::uint8_t>(24)};
  std::iota(labels.label.begin(), labels.label.end(), std::uint8_t{0});
  LabelMap flipped{volume.geometry, std::vector<std::uint8_t>(24)};
  flipped.geometry.origin_mm[1] = 20 + 3 * 0.75;
  flipped.geometry.direction[1] = {0, -1, 0};
  for (std::size_t z = 0; z < 2; ++z)
    for (std::size_t y = 0; y < 4; ++y)
      for (std::size_t x = 0; x < 3; ++x) flipped.label[(z * 4 + 3 - y) * 3 + x] = labels.label[(z * 4 + y) * 3 + x];
  write_volume(folder / "a_ct.nii.gz", volume);
  write_labels(folder / "a_seg.nii.gz", flipped);
  const Series series = scan_folder(folder.path(), 2, "*_ct.nii.gz", "*_seg.nii.gz").series.at(0);
  EXPECT_EQ(load_labels(series).label, labels.label);
  EXPECT_TRUE(same_grid(load_labels(series).geometry, to_axial(load_volume(series)).geometry));
}

// A label map that the patterns miss is no CT, whatever its voxel type; DICOM tells its modality itself.
TEST(Load, RefusesVolumeFilesWithoutHu) {
  test::TemporaryFolder folder;
  Volume volume;
  volume.geometry.size = {3, 4, 2};
  volume.hu.assign(24, 0);
  volume.hu[5] = 7;
  write_volume(folder / "v.nii.gz", volume);
  const Series series = scan_folder(folder.path()).series.at(0);
  ASSERT_TRUE(series.accepted());
  EXPECT_EQ(fault_of([&] { load_volume(series); }), Fault::NotCt);
  volume.hu[6] = 1500;  // a CT that has lost its offset
  write_volume(folder / "v.nii.gz", volume);
  EXPECT_EQ(fault_of([&] { load_volume(series); }), Fault::NotCt);
  volume.hu[6] = -1;
  write_volume(folder / "v.nii.gz", volume);
  EXPECT_EQ(load_volume(series).hu, volume.hu);
}

TEST(Load, RefusesNotANumber) {
  test::TemporaryFolder folder;
  std::string bytes =
      test::with_value(test::with_value(test::sample_nifti(), 70, std::int16_t{16}), 72, std::int16_t{32});
  bytes.resize(352 + 48, '\0');
  test::write_file(folder / "v.nii", test::with_value(bytes, 360, std::numeric_limits<float>::quiet_NaN()));
  const Series series = scan_folder(folder.path()).series.at(0);
  ASSERT_TRUE(series.accepted());
  EXPECT_EQ(fault_of([&] { load_volume(series); }), Fault::NotFinite);
  test::write_file(folder / "v.nii", test::with_value(bytes, 364, -std::numeric_limits<float>::infinity()));
  EXPECT_EQ(fault_of([&] { load_volume(series); }), Fault::NotFinite);
}

TEST(Load, RealDicomEqualsItsNifti) {
  const auto data = test::real_data("sts_ibsi");
  if (!data) GTEST_SKIP() << test::kNoRealData;
  for (const std::string patient : {"STS_002", "STS_019", "STS_025"}) {
    const Volume dicom = load_volume(scan_folder(*data / "dicom" / patient).series.at(0));
    const Series file = scan_folder(*data / "nifti" / patient, 2, "CT_image.nii.gz").series.at(0);
    const Volume nifti = load_volume(file);
    EXPECT_TRUE(same_grid(dicom.geometry, nifti.geometry, 0.05)) << patient;
    EXPECT_TRUE(dicom.hu == nifti.hu) << patient;
  }
}

TEST(Load, RealTransferSyntaxesHaveOnePixelSum) {
  const auto data = test::real_data("cornerstone_syntaxes");
  if (!data) GTEST_SKIP() << test::kNoRealData;
  int lossless = 0, refused = 0;
  for (const auto& entry : fs::directory_iterator(*data)) {
    if (entry.path().filename().string().find(".dcm") == std::string::npos) continue;
    const Series series = scan_folder(entry.path(), 1).series.at(0);
    if (!series.accepted()) {
      ++refused;
      EXPECT_EQ(series.refusals.front().fault, Fault::UnsupportedTransferSyntax);
      EXPECT_NE(series.refusals.front().message.find("1.2.840.10008.1.2.4.5"), std::string::npos);
      continue;
    }
    const Volume volume = load_volume(series);
    const bool lossy = series.notes.front().starts_with("lossy");
    // The oracle is of stored values; the intercept is that of the file.
    const std::int64_t sum = std::accumulate(volume.hu.begin(), volume.hu.end(), std::int64_t{0}) + 1024LL * 512 * 512;
    if (lossy) continue;
    ++lossless;
    EXPECT_EQ(sum, 19640763) << entry.path().filename();
  }
  EXPECT_GE(lossless, 9);
  EXPECT_EQ(refused, 2);
}

// A codestream of 16 bits where BitsStored is 14. The sum is pydicom's, its 494 pixels of padding taken as -1024 HU.
TEST(Load, RealJpeg2000OfMoreBitsThanStored) {
  const auto data = test::real_data("pydicom_test_files");
  if (!data) GTEST_SKIP() << test::kNoRealData;
  const Volume volume = load_volume(scan_folder(*data / "693_J2KI.dcm", 1).series.at(0));
  EXPECT_EQ(std::accumulate(volume.hu.begin(), volume.hu.end(), std::int64_t{0}), -269629240);
}

TEST(Load, RealOddFilesEndInAVerdict) {
  for (const char* name : {"pydicom_test_files", "dicom2nifti_irregular"}) {
    const auto data = test::real_data(name);
    if (!data) GTEST_SKIP() << test::kNoRealData;
    for (const Series& series : scan_folder(*data, 1).series) {
      const bool gap = series.name.starts_with("sliceincrement");
      if (gap) {
        EXPECT_FALSE(series.accepted());
      }
      if (!series.accepted()) continue;
      try {
        EXPECT_EQ(static_cast<std::int64_t>(load_volume(series).hu.size()), series.geometry.voxels());
      } catch (const DataError& error) {
        EXPECT_STRNE(error.what(), "");
      }
    }
  }
}

TEST(Load, RealLabelsFitTheirCt) {
  const auto data = test::real_data("openkbp_train");
  if (!data) GTEST_SKIP() << test::kNoRealData;
  const Inventory found = scan_folder(*data, 2, "*_ct.nii.gz", "*_seg.nii.gz");
  ASSERT_EQ(found.series.size(), 40U);
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    const Volume volume = load_volume(found.series[i]);
    const LabelMap labels = load_labels(found.series[i]);
    for (std::size_t v = 0; v < volume.hu.size(); ++v)
      if (labels.label[v] == 7) sum += volume.hu[v], ++count;
  }
  EXPECT_NEAR(sum / count, 680, 150);  // mandible, as the data's README says
}

}  // namespace
}  // namespace ctforge::io
