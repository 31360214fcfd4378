// What headers of SEG and RTSTRUCT tell.
#include "io/labels/label_object.h"

#include "tests/io/labels/label_samples.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

using Texts = std::vector<std::string>;
const std::string kSquare = test::sample_rectangle(0.5, 0.5, 2.5, 2.5, 1);

TEST(LabelObject, AStructureSetTellsWhatIsDrawn) {
  const test::TemporaryFolder folder;
  test::write_structure_set(folder / "rt.dcm", {{3, "Liver", {kSquare}}, {4, "planned, never drawn", {}}});
  const auto header = read_label_object(folder / "rt.dcm", LabelObjectKind::StructureSet);
  EXPECT_TRUE(header.faults.empty());
  EXPECT_EQ(header.object_uid, "2.25.5000");
  EXPECT_EQ(header.patient_id, "PLANTED-ID");
  EXPECT_EQ(header.series_uids, Texts{"2.25.2000"});
  ASSERT_EQ(header.structures.size(), 1U);
  EXPECT_EQ(header.structures[0].number, 3);
  EXPECT_EQ(header.structures[0].name, "Liver");
  EXPECT_EQ(header.structures[0].frame_of_reference_uid, "2.25.4000");
}

TEST(LabelObject, ContoursThatEncloseNothingAreNoted) {
  const test::TemporaryFolder folder;
  test::write_structure_set(folder / "rt.dcm", {{1, "marker", {kSquare}}}, [](DcmDataset& data) {
    test::first_contour(data).putAndInsertString(DCM_ContourGeometricType, "POINT");
  });
  const auto header = read_label_object(folder / "rt.dcm", LabelObjectKind::StructureSet);
  EXPECT_TRUE(header.structures.empty());
  EXPECT_EQ(header.notes, Texts{"1 contours that are not closed and planar ignored"});
  EXPECT_TRUE(is_closed_planar("CLOSEDPLANAR_XOR"));
}

TEST(LabelObject, ASegmentationTellsItsSegmentsAndImages) {
  const test::TemporaryFolder folder;
  const std::vector<std::uint8_t> empty(24);
  test::write_segmentation(folder / "seg.dcm", {"liver", "spleen"}, {{1, 2, empty}, {2, 2, empty}, {2, 0, empty}});
  const auto header = read_label_object(folder / "seg.dcm", LabelObjectKind::Segmentation);
  EXPECT_TRUE(header.faults.empty());
  ASSERT_EQ(header.structures.size(), 2U);
  EXPECT_EQ(header.structures[1].name, "spleen");
  EXPECT_EQ(header.image_uids, (Texts{"2.25.10000", "2.25.10002"}));
}

TEST(LabelObject, NumbersMustBeThereAndUnlike) {
  const test::TemporaryFolder folder;
  test::write_structure_set(folder / "rt.dcm", {{1, "a", {kSquare}}, {1, "b", {kSquare}}});
  const auto twice = read_label_object(folder / "rt.dcm", LabelObjectKind::StructureSet);
  ASSERT_EQ(twice.faults.size(), 1U);
  EXPECT_EQ(twice.faults[0].fault, Fault::MalformedDicom);
  test::write_structure_set(folder / "rt.dcm", {{-5, "a", {kSquare}}});
  EXPECT_FALSE(read_label_object(folder / "rt.dcm", LabelObjectKind::StructureSet).faults.empty());
}

// 1.5 GB of a UID in a file of 800 bytes: nothing of that length may be reserved.
TEST(LabelObject, ADeclaredLengthIsNotBelieved) {
  const test::TemporaryFolder folder;
  test::write_structure_set(folder / "rt.dcm", {{1, "a", {kSquare}}});
  std::string bytes = test::read_file(folder / "rt.dcm");
  const std::size_t at = bytes.find(std::string("\x08\x00\x18\x00", 4));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 7] = '\x5f';
  test::write_file(folder / "rt.dcm", bytes);
  const auto header = read_label_object(folder / "rt.dcm", LabelObjectKind::StructureSet);
  EXPECT_EQ(header.object_uid, "");
  EXPECT_EQ(header.faults.at(0).fault, Fault::MalformedDicom);
}

TEST(LabelObject, ADamagedFileIsAFault) {
  const test::TemporaryFolder folder;
  test::write_structure_set(folder / "rt.dcm", {{1, "a", {kSquare}}});
  const std::string bytes = test::read_file(folder / "rt.dcm");
  test::write_file(folder / "rt.dcm", bytes.substr(0, bytes.size() / 2));
  EXPECT_FALSE(read_label_object(folder / "rt.dcm", LabelObjectKind::StructureSet).faults.empty());
}

}  // namespace
}  // namespace ctforge::io
