// Series built from records: order, spacing and direction by hand, and which reasons of refusal are told.
#include "io/dicom/dicom_series.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

namespace fs = std::filesystem;

// An image of 6 x 4 pixels of 0.5 x 0.75 mm, its rows to the left and its columns to the feet: coronal, so that the
// normal points to the back.
DicomFile coronal(double y_mm, const std::string& object) {
  DicomFile file;
  file.verdict = DicomVerdict::Image;
  file.header.patient_id = "PLANTED";
  file.header.series_uid = "2.25.1";
  file.header.object_uid = object;
  file.header.pixels.rows = 4;
  file.header.pixels.columns = 6;
  DicomFrame frame;
  frame.position_mm = Vector3{-10, y_mm, 30};
  frame.orientation = std::array{Vector3{1, 0, 0}, Vector3{0, 0, -1}};
  frame.spacing_mm = {0.5, 0.75};
  frame.thickness_mm = 3;
  file.header.frames = {frame};
  return file;
}

Series build(const std::vector<DicomFile>& images, std::int64_t min_slices = 2, bool allow_burned_in = false) {
  std::vector<DicomRecord> records;
  std::vector<fs::path> files;
  for (const DicomFile& image : images) {
    files.push_back("image" + std::to_string(files.size()));
    for (const DicomRecord& record :
         make_records(image, static_cast<std::uint32_t>(files.size() - 1), files.back(), "key"))
      records.push_back(record);
  }
  ScanOptions options;
  options.min_slices = min_slices;
  options.allow_burned_in = allow_burned_in;
  return build_series(records, files, options);
}

TEST(DicomSeries, SortedAlongTheNormalInAnyOrientation) {
  const Series series = build({coronal(7, "1"), coronal(2, "2"), coronal(4.5, "3")});
  EXPECT_TRUE(series.accepted());
  EXPECT_EQ(series.files, (std::vector<fs::path>{"image1", "image2", "image0"}));
  EXPECT_EQ(series.geometry.size, (std::array<std::int64_t, 3>{6, 4, 3}));
  EXPECT_EQ(series.geometry.spacing_mm, (Vector3{0.5, 0.75, 2.5}));
  EXPECT_EQ(series.geometry.origin_mm, (Vector3{-10, 2, 30}));
  EXPECT_EQ(series.geometry.direction, (Matrix3{{{1, 0, 0}, {0, 0, 1}, {0, -1, 0}}}));  // columns: row, column, normal
}

TEST(DicomSeries, ASingleSliceHasItsThickness) {
  const Series series = build({coronal(7, "1")}, 1);
  EXPECT_TRUE(series.accepted());
  EXPECT_EQ(series.geometry.spacing_mm[2], 3);
  const Series refused = build({coronal(7, "1")});
  ASSERT_EQ(refused.refusals.size(), 1U);
  EXPECT_EQ(refused.refusals[0].fault, Fault::TooFewSlices);
}

TEST(DicomSeries, WhatIsNoCtIsRefusedForThatAlone) {
  DicomFile other;
  other.verdict = DicomVerdict::Image;
  other.header.series_uid = "2.25.1";
  other.faults.push_back({Fault::MalformedDicom, "no SeriesInstanceUID"});
  other.faults.push_back({Fault::NotCt, "Modality is MR, expected CT"});
  const Series single = build({other});
  ASSERT_EQ(single.refusals.size(), 1U);
  EXPECT_EQ(single.refusals[0].message, "Modality is MR, expected CT");
  EXPECT_EQ(single.files.size(), 1U);
  const Series mixed = build({coronal(2, "1"), other, coronal(4, "2")});
  ASSERT_EQ(mixed.refusals.size(), 1U);
  EXPECT_EQ(mixed.refusals[0].message, "1 of 3 images: Modality is MR, expected CT");
}

TEST(DicomSeries, FaultsOfSlicesAreCountedOnce) {
  std::vector<DicomFile> images = {coronal(1, "1"), coronal(2, "2"), coronal(3, "3")};
  for (const std::size_t i : {0, 2}) images[i].faults.push_back({Fault::MissingRescale, "no RescaleSlope"});
  const Series series = build(images);
  ASSERT_EQ(series.refusals.size(), 1U);
  EXPECT_EQ(series.refusals[0].message, "2 of 3 images: no RescaleSlope");
}

TEST(DicomSeries, DifferentMessagesOfOneFaultAreToldApartUpToThree) {
  std::vector<DicomFile> images;
  for (int i = 0; i < 6; ++i) {
    images.push_back(coronal(i, std::to_string(i)));
    images.back().faults.push_back({Fault::UnsupportedTransferSyntax, "syntax " + std::to_string(std::max(1, i))});
  }
  std::vector<std::string> messages;
  for (const Finding& finding : build(images).refusals) messages.push_back(finding.message);
  EXPECT_EQ(messages, (std::vector<std::string>{"2 of 6 images: syntax 1", "1 of 6 images: syntax 2",
                                                "1 of 6 images: syntax 3", "2 of 6 images: likewise"}));
}

TEST(DicomSeries, FramesOfOneFileAndFilesOfOneFrameMakeOneStack) {
  DicomFile enhanced = coronal(9, "1");
  enhanced.header.frames.push_back(enhanced.header.frames[0]);
  (*enhanced.header.frames[1].position_mm)[1] = 7;
  const Series series = build({enhanced, coronal(5, "2")});
  ASSERT_TRUE(series.accepted());
  EXPECT_EQ(series.files, (std::vector<fs::path>{"image1", "image0"}));
  EXPECT_EQ(series.slices, (std::vector<SliceSource>{{0, 0}, {1, 1}, {1, 0}}));
  EXPECT_EQ(series.geometry.size[2], 3);
  EXPECT_TRUE(build({coronal(1, "1"), coronal(2, "2")}).slices.empty());
}

TEST(DicomSeries, BurnedInTextsAreRefusedUnlessAllowed) {
  std::vector<DicomFile> images = {coronal(1, "1"), coronal(2, "2")};
  images[1].header.burned_in = true;
  const Series refused = build(images);
  ASSERT_EQ(refused.refusals.size(), 1U);
  EXPECT_EQ(refused.refusals[0].fault, Fault::BurnedInAnnotation);
  const Series allowed = build(images, 2, true);
  EXPECT_TRUE(allowed.accepted());
  EXPECT_EQ(allowed.notes, std::vector<std::string>{"1 of 2 images: BurnedInAnnotation says YES; allowed"});
}

TEST(DicomSeries, WhatCanShowAFaceIsNoted) {
  std::vector<DicomFile> images;
  for (int i = 0; i < 21; ++i) {
    images.push_back(coronal(2.0 * i, std::to_string(i)));
    images.back().header.body_part = "HEAD";
    images.back().header.pixels.rows = images.back().header.pixels.columns = 256;
  }
  EXPECT_EQ(build(images).notes, std::vector<std::string>{"a face could be rendered from it: a head, in fine slices"});
  for (DicomFile& image : images) image.header.body_part = "CHEST";
  EXPECT_TRUE(build(images).notes.empty());
  images[3].header.recognizable = true;
  EXPECT_EQ(build(images).notes.size(), 1U);
}

TEST(DicomSeries, ATiltThatMakesAHugeGridIsRefused) {
  std::vector<DicomFile> images = {coronal(1, "1"), coronal(40000, "2"), coronal(79999, "3")};
  for (std::size_t i = 0; i < 3; ++i) {
    (*images[i].header.frames[0].position_mm)[0] = 39000.0 * static_cast<double>(i);
    images[i].header.pixels.rows = 20000;
  }
  ASSERT_EQ(build(images).refusals.size(), 1U);
  EXPECT_EQ(build(images).refusals[0].fault, Fault::TooLarge);
}

}  // namespace
}  // namespace ctforge::io
