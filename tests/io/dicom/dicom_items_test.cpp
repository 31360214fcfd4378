// Sequences, whole numbers and texts in other character sets.
#include "io/dicom/dicom_items.h"

#include "io/dicom/dicom_attributes.h"
#include "io/file/fault.h"
#include "tests/io/labels/label_samples.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(DicomItems, ParsesUpToThePixelsAndGivesItemsInOrder) {
  const test::TemporaryFolder folder;
  test::write_segmentation(folder / "seg.dcm", {"a", "b"}, {{1, 0, std::vector<std::uint8_t>(24)}});
  const DicomTree tree = parse_dicom(folder / "seg.dcm");
  EXPECT_TRUE(tree.whole);
  EXPECT_EQ(tree.syntax().encoding, PixelEncoding::LittleEndian);
  const auto segments = items_of(tree.data(), DCM_SegmentSequence);
  ASSERT_EQ(segments.size(), 2U);
  EXPECT_EQ(whole_number(*segments[1], DCM_SegmentNumber), 2);
  EXPECT_EQ(first_item(tree.data(), DCM_SegmentSequence), segments[0]);
  EXPECT_EQ(first_item(tree.data(), DCM_ROIContourSequence), nullptr);
  EXPECT_TRUE(items_of(tree.data(), DCM_Modality).empty());
}

TEST(DicomItems, AFileThatEndsEarlyIsNotWhole) {
  const test::TemporaryFolder folder;
  test::write_structure_set(folder / "rt.dcm", {{1, "a", {test::sample_rectangle(0, 0, 1, 1, 0)}}});
  const std::string bytes = test::read_file(folder / "rt.dcm");
  test::write_file(folder / "rt.dcm", bytes.substr(0, bytes.size() - 20));
  EXPECT_FALSE(parse_dicom(folder / "rt.dcm").whole);
  EXPECT_THROW(parse_dicom(folder / "absent.dcm"), DataError);
}

TEST(DicomItems, WholeNumbers) {
  DcmDataset data;
  for (const auto& [text, number] : std::vector<std::pair<const char*, std::optional<std::int64_t>>>{
           {"7", 7}, {" +12 ", 12}, {"-3", -3}, {"1.5", {}}, {"seven", {}}, {"", {}}}) {
    data.putAndInsertString(DCM_ROINumber, text);
    EXPECT_EQ(whole_number(data, DCM_ROINumber), number) << text;
  }
  EXPECT_FALSE(whole_number(data, DCM_NumberOfFrames));
}

TEST(DicomItems, TextsBecomeUtf8) {
  DcmDataset data;
  data.putAndInsertString(DCM_SpecificCharacterSet, "ISO_IR 100");
  data.putAndInsertString(DCM_ROIName, " \xd6sophagus ");
  EXPECT_EQ(utf8_text(data, DCM_ROIName, data), "\xc3\x96sophagus");
  DcmItem item;  // which has the data set's character set
  item.putAndInsertString(DCM_ROIName, "\xd6");
  EXPECT_EQ(utf8_text(item, DCM_ROIName, data), "\xc3\x96");
  item.putAndInsertString(DCM_SpecificCharacterSet, "no such set");
  EXPECT_EQ(utf8_text(item, DCM_ROIName, data), "?");
  EXPECT_EQ(utf8_text(data, DCM_PatientID, data), "");
}

}  // namespace
}  // namespace ctforge::io
