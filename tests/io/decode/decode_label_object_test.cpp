// Labels of SEG and RTSTRUCT through the child process: hand-made, damaged, and real ones against their oracles.
#include "io/decode/decode.h"
#include "io/file/digest.h"
#include "io/volume/load.h"
#include "tests/io/decode/mutations.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/io/labels/label_samples.h"
#include "tests/support/support.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::io {
namespace {

namespace fs = std::filesystem;

Inventory scan_folder(const fs::path& path, const std::map<std::string, std::uint8_t>& names) {
  ScanOptions options;
  options.path = path;
  for (const auto& [name, label] : names) options.structures.add(name, label);
  return scan(options);
}

TEST(DecodeLabelObject, ObjectsOfOneSeriesTogether) {
  const test::TemporaryFolder folder;
  test::write_sample_series(folder / "ct");
  test::write_structure_set(folder / "rt.dcm", {{1, "a", {test::sample_rectangle(0.5, 0.5, 2.5, 2.5, 1)}}});
  std::vector<std::uint8_t> bits(24);
  bits[7] = bits[23] = 1;
  test::write_segmentation(folder / "seg.dcm", {"b"}, {{1, 1, bits}});
  const Series series = scan_folder(folder.path(), {{"a", 1}, {"b", 2}}).series.at(0);
  const LabelMap labels = load_labels(series);
  std::vector<std::uint8_t> expected(96);
  for (const std::size_t place : {8, 13, 14}) expected[24 + place] = 1;
  expected[24 + 7] = expected[24 + 23] = 2;
  EXPECT_EQ(labels.label, expected);
  EXPECT_TRUE(same_grid(labels.geometry, series.geometry));
}

// Slices displaced by 0.4 rows each: the SEG lies on them, and goes to the nearest rows of the upright grid.
TEST(DecodeLabelObject, OfATiltedGantry) {
  const test::TemporaryFolder folder;
  const auto position = [](std::size_t slice) {
    const auto at = static_cast<double>(slice);
    return "-10\\" + std::to_string(-20 + 0.3 * at) + "\\" + std::to_string(2.5 * at);
  };
  test::write_sample_series(folder / "ct", 4, [&](DcmDataset& data, std::size_t slice) {
    data.putAndInsertString(DCM_ImagePositionPatient, position(slice).c_str());
  });
  std::vector<std::uint8_t> bits(24);
  bits[6] = 1;  // the first voxel of row 1
  test::write_segmentation(folder / "seg.dcm", {"b"}, {{1, 0, bits}, {1, 1, bits}, {1, 2, bits}, {1, 3, bits}}, 1,
                           [&](DcmDataset& data) {
                             for (unsigned long frame = 0; frame < 4; ++frame) {
                               DcmItem* plane = nullptr;
                               test::frame_groups(data, frame).findAndGetSequenceItem(DCM_PlanePositionSequence, plane);
                               plane->putAndInsertString(DCM_ImagePositionPatient, position(frame).c_str());
                             }
                           });
  test::write_structure_set(folder / "rt.dcm", {{1, "a", {test::sample_rectangle(2.5, 0.5, 4.5, 2.5, 3)}}});
  const Series series = scan_folder(folder.path(), {{"a", 1}, {"b", 2}}).series.at(0);
  ASSERT_TRUE(series.accepted()) << series.refusals.front().message;
  ASSERT_TRUE(series.tilt);
  const std::size_t row = 6, slice = row * static_cast<std::size_t>(series.geometry.size[1]);
  std::vector<std::uint8_t> expected(4 * slice);
  for (const std::size_t z : {0U, 1U}) expected[z * slice + row] = 2;
  for (const std::size_t z : {2U, 3U}) expected[z * slice + 2 * row] = 2;
  // A contour tells where it is in the patient: no slice's displacement moves it.
  for (const std::size_t y : {1U, 2U})
    for (const std::size_t x : {3U, 4U}) expected[3 * slice + y * row + x] = 1;
  EXPECT_EQ(load_labels(series).label, expected);
}

TEST(DecodeLabelObject, WhatDecodingFindsIsTold) {
  const test::TemporaryFolder folder;
  test::write_sample_series(folder / "ct");
  test::write_structure_set(folder / "rt.dcm", {{1, "a", {test::sample_rectangle(0, 0, 1, 1, 1.5)}}});
  const Series series = scan_folder(folder.path(), {{"a", 1}}).series.at(0);
  ASSERT_TRUE(series.accepted());
  try {
    load_labels(series);
    ADD_FAILURE() << "nothing was refused";
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::LabelMismatch);
    EXPECT_TRUE(std::string(error.what()).starts_with("structure set: "));
  }
  DecodeRequest request;
  request.task = DecodeTask::StructureSet;
  request.paths = {"absent"};
  EXPECT_THROW(decode(request, {}, *std::make_unique<DecodeReply>()), std::invalid_argument);
}

// Whatever a flipped byte does, the answer is a label map or a refusal.
TEST(DecodeLabelObject, SurvivesFlippedBytes) {
  const test::TemporaryFolder folder;
  test::write_sample_series(folder / "ct");
  const auto seg = folder / "seg.dcm", rt = folder / "rt.dcm";
  const std::vector<std::uint8_t> bits(24, 1);
  std::size_t loaded = 0, refused = 0;
  for (std::size_t i = 0; i < 40; ++i) {
    const fs::path& damaged = i % 2 == 0 ? seg : rt;
    test::write_segmentation(seg, {"b"}, {{1, 1, bits}, {1, 2, bits}});
    test::write_structure_set(rt, {{1, "a", {test::sample_rectangle(0, 0, 2, 2, 0)}}});
    std::string bytes = test::read_file(damaged);
    bytes[132 + (i * 7919) % (bytes.size() - 132)] ^= static_cast<char>(1 + i * 37 % 255);
    test::write_file(damaged, bytes);
    for (const Series& series : scan_folder(folder.path(), {{"a", 1}, {"b", 2}}).series) try {
        if (!series.accepted()) throw DataError(series.refusals.front().fault, "told");
        if (series.labelled() && load_labels(series).label.size() != 96) ADD_FAILURE() << "another size";
        ++loaded;
      } catch (const DataError&) {
        ++refused;
      }
  }
  EXPECT_GE(loaded + refused, 40U);
  EXPECT_GT(loaded, 0U);
  EXPECT_GT(refused, 0U);
}

// The masks were made from the same contours by another program. Every voxel is equal.
TEST(DecodeLabelObject, RealContoursEqualTheirMasks) {
  const auto data = test::real_data("sts_ibsi");
  if (!data) GTEST_SKIP() << test::kNoRealData;
  const std::map<std::string, std::ptrdiff_t> voxels = {{"STS_002", 17090}, {"STS_019", 5564}, {"STS_025", 9655}};
  for (const auto& [patient, count] : voxels) {
    const LabelMap drawn = load_labels(scan_folder(*data / "dicom" / patient, {{"GTV_Mass_CT", 1}}).series.at(0));
    ScanOptions options;
    options.path = *data / "nifti" / patient;
    options.image = "CT_image.nii.gz";
    options.labels = "CT_mask.nii.gz";
    const LabelMap mask = load_labels(scan(options).series.at(0));
    EXPECT_EQ(std::count(drawn.label.begin(), drawn.label.end(), 1), count) << patient;
    EXPECT_TRUE(drawn.label == mask.label) << patient;
  }
}

// Voxel by voxel as highdicom reads it (tests/oracle/make_segmentation.py).
TEST(DecodeLabelObject, RealSegmentationEqualsHighdicom) {
  const auto data = test::real_data("dcmqi_ct3slice_seg");
  if (!data) GTEST_SKIP() << test::kNoRealData;
  const auto oracle = nlohmann::json::parse(test::read_file(test::source_dir() / "tests/oracle/segmentation.json"));
  const LabelMap labels = load_labels(scan_folder(*data, {{"liver", 1}}).series.at(0));
  const std::size_t slice = 512 * 512;
  ASSERT_EQ(labels.label.size(), 3 * slice);
  for (std::size_t z = 0; z < 3; ++z) {
    const auto first = labels.label.begin() + static_cast<std::ptrdiff_t>(z * slice);
    EXPECT_EQ(std::count(first, first + static_cast<std::ptrdiff_t>(slice), 1), oracle.at("voxels").at(z));
  }
  Sha256 digest;
  digest.update(std::as_bytes(std::span(labels.label)));
  EXPECT_EQ(digest.hex(), oracle.at("sha256"));
}

// Real label objects with changed, missing and exchanged bytes: a label map or a refusal, never a cut one taken for
// whole.
class RealLabelObjects : public ::testing::Test {
 protected:
  // from: a folder with a CT and one label object, whose file `is_object` tells.
  void damage(const fs::path& from, const std::string& name, const std::function<bool(const fs::path&)>& is_object) {
    const test::TemporaryFolder folder;
    fs::path object;
    int copied = 0;
    for (const auto& entry : fs::recursive_directory_iterator(from)) {
      if (!entry.is_regular_file()) continue;
      const fs::path to = folder / std::to_string(copied++);
      fs::copy_file(entry.path(), to);
      if (is_object(entry.path())) object = to;
    }
    ASSERT_FALSE(object.empty());
    const std::string sound = test::read_file(object);
    const auto whole = labels_in(folder.path(), name);
    ASSERT_TRUE(whole);
    for (int i = 0; i < 24; ++i) {
      test::write_file(object, test::damaged(sound, static_cast<test::Damage>(i % 3), 1000 + static_cast<unsigned>(i)));
      const auto found = labels_in(folder.path(), name);
      if (i % 3 == static_cast<int>(test::Damage::Cut)) {
        EXPECT_TRUE(!found || *found == *whole) << "mutation " << i << ": cut and accepted";
      }
    }
  }

 private:
  // Nothing where the object, or its series, is refused or not recognised any more.
  static std::optional<std::vector<std::uint8_t>> labels_in(const fs::path& folder, const std::string& name) {
    for (const Series& series : scan_folder(folder, {{name, 1}}).series) try {
        if (series.accepted() && series.labelled()) return load_labels(series).label;
      } catch (const DataError&) {
        return std::nullopt;
      }
    return std::nullopt;
  }
};

TEST_F(RealLabelObjects, SurviveDamage) {
  const auto segmented = test::real_data("dcmqi_ct3slice_seg"), contoured = test::real_data("sts_ibsi");
  if (!segmented || !contoured) GTEST_SKIP() << test::kNoRealData;
  damage(*segmented, "liver", [](const fs::path& file) { return file.filename() == "liver_seg.dcm"; });
  damage(*contoured / "dicom" / "STS_019", "GTV_Mass_CT",
         [](const fs::path& file) { return test::read_file(file).find("RTSTRUCT") != std::string::npos; });
}

}  // namespace
}  // namespace ctforge::io
