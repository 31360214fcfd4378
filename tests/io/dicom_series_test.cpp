// Series built from records: order, spacing and direction by hand, and which reasons of refusal are told.
#include "io/dicom_series.h"

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
  file.header.position_mm = Vector3{-10, y_mm, 30};
  file.header.orientation = std::array{Vector3{1, 0, 0}, Vector3{0, 0, -1}};
  file.header.spacing_mm = {0.5, 0.75};
  file.header.thickness_mm = 3;
  return file;
}

Series build(const std::vector<DicomFile>& images, std::int64_t min_slices = 2) {
  std::vector<DicomRecord> records;
  std::vector<fs::path> files;
  for (const DicomFile& image : images) {
    files.push_back("image" + std::to_string(files.size()));
    records.push_back(make_record(image, static_cast<std::uint32_t>(records.size()), files.back(), "key"));
  }
  ScanOptions options;
  options.min_slices = min_slices;
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

TEST(DicomSeries, PseudonymsDependOnKeyKindAndText) {
  EXPECT_EQ(pseudonym('P', 0x0123456789abcdefU), "P-0123456789abcdef");
  EXPECT_EQ(pseudonym('S', 1), "S-0000000000000001");
  const std::uint64_t bits = pseudonym_bits("key", "patient", "A");
  EXPECT_EQ(bits, pseudonym_bits("key", "patient", "A"));
  for (const std::uint64_t other : {pseudonym_bits("other", "patient", "A"), pseudonym_bits("key", "series", "A"),
                                    pseudonym_bits("key", "patient", "B")})
    EXPECT_NE(bits, other);
  const DicomFile image = coronal(1, "1");
  EXPECT_EQ(make_record(image, 0, "a", "key").patient, make_record(image, 5, "b", "key").patient);
}

}  // namespace
}  // namespace ctforge::io
