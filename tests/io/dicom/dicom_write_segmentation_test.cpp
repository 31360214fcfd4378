// Segmentations read back with DCMTK: bits, frames, codes, references to the CT, marking.
#include "io/dicom/dicom_write_segmentation.h"

#include "tests/io/dicom/dicom_written.h"
#include "tests/support/support.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

using test::item;
using test::text;

class Segmentation : public ::testing::Test {
 protected:
  DcmDataset& write(const LabelMap& labels, CtForm form = CtForm::Series) {
    reference_ = ct_reference(test::oblique_ct(), test::ct_info(), form);
    write_segmentation(folder_ / "seg.dcm", labels, test::label_names(), reference_, test::ct_info());
    EXPECT_TRUE(file_.loadFile((folder_ / "seg.dcm").c_str()).good());
    return *file_.getDataset();
  }
  static DcmItem& frame(DcmDataset& data, long index) {
    return item(data, {DCM_PerFrameFunctionalGroupsSequence}, index);
  }
  static std::string slice_of(DcmDataset& data, long index) {
    return text(item(frame(data, index), {DCM_FrameContentSequence}), DCM_DimensionIndexValues);
  }

  test::TemporaryFolder folder_;
  DcmFileFormat file_;
  CtReference reference_;
};

TEST_F(Segmentation, HoldsABitForEachVoxel) {
  const LabelMap labels = test::oblique_labels();
  DcmDataset& data = write(labels);
  ASSERT_EQ(text(data, DCM_NumberOfFrames), "4");  // label 1 once, label 2 twice, label 3, which is nowhere, once
  const Uint8* bits = nullptr;
  ASSERT_TRUE(data.findAndGetUint8Array(DCM_PixelData, bits).good());
  const std::array<std::array<std::size_t, 2>, 4> expected = {{{1, 0}, {2, 1}, {2, 2}, {3, 0}}};  // label, slice
  for (std::size_t f = 0; f < 4; ++f) {
    const auto [label, slice] = expected[f];
    EXPECT_EQ(slice_of(data, static_cast<long>(f)), std::to_string(label) + "\\" + std::to_string(slice + 1));
    for (std::size_t i = 0; i < 15; ++i) {
      const std::size_t bit = f * 15 + i;
      EXPECT_EQ(bits[bit / 8] >> bit % 8 & 1, labels.label[slice * 15 + i] == label ? 1 : 0) << f << " " << i;
    }
  }
}

TEST_F(Segmentation, NamesAndCodesItsSegments) {
  DcmDataset& data = write(test::oblique_labels());
  ASSERT_EQ(test::items(data, DCM_SegmentSequence), 3);
  DcmItem& kidney = item(data, {DCM_SegmentSequence}, 1);
  EXPECT_EQ(text(kidney, DCM_SegmentNumber), "2");
  EXPECT_EQ(text(kidney, DCM_SegmentLabel), "kidney_left");
  EXPECT_EQ(text(kidney, DCM_SegmentAlgorithmType), "AUTOMATIC");
  EXPECT_EQ(text(kidney, DCM_SegmentAlgorithmName), "ctforge");
  DcmItem& type = item(kidney, {DCM_SegmentedPropertyTypeCodeSequence});
  EXPECT_EQ(text(type, DCM_CodeValue), "64033007");
  EXPECT_EQ(text(item(type, {DCM_SegmentedPropertyTypeModifierCodeSequence}), DCM_CodeMeaning), "Left");
}

TEST_F(Segmentation, RefersToTheSlicesOfTheCt) {
  DcmDataset& data = write(test::oblique_labels());
  test::expect_marked(data, "SEG");
  EXPECT_EQ(text(data, DCM_StudyInstanceUID), reference_.study_uid);
  EXPECT_EQ(text(data, DCM_FrameOfReferenceUID), reference_.frame_of_reference_uid);
  EXPECT_NE(text(data, DCM_SeriesInstanceUID), reference_.series_uid);
  DcmItem& series = item(data, {DCM_ReferencedSeriesSequence});
  EXPECT_EQ(text(series, DCM_SeriesInstanceUID), reference_.series_uid);
  EXPECT_EQ(test::items(series, DCM_ReferencedInstanceSequence), 3);
  DcmItem& source = item(frame(data, 2), {DCM_DerivationImageSequence, DCM_SourceImageSequence});
  EXPECT_EQ(text(source, DCM_ReferencedSOPClassUID), UID_CTImageStorage);
  EXPECT_EQ(text(source, DCM_ReferencedSOPInstanceUID), reference_.image_uids[2]);
  Float64 z = 0;
  item(frame(data, 2), {DCM_PlanePositionSequence}).findAndGetFloat64(DCM_ImagePositionPatient, z, 2);
  EXPECT_NEAR(z, index_to_point_mm(test::oblique_ct().geometry, {0, 0, 2})[2], 1e-9);
}

TEST_F(Segmentation, RefersToTheFramesOfAnEnhancedCt) {
  DcmDataset& data = write(test::oblique_labels(), CtForm::Enhanced);
  DcmItem& source = item(frame(data, 2), {DCM_DerivationImageSequence, DCM_SourceImageSequence});
  EXPECT_EQ(text(source, DCM_ReferencedSOPClassUID), UID_EnhancedCTImageStorage);
  EXPECT_EQ(text(source, DCM_ReferencedSOPInstanceUID), reference_.image_uids[0]);
  EXPECT_EQ(text(source, DCM_ReferencedFrameNumber), "3");
  EXPECT_EQ(test::items(item(data, {DCM_ReferencedSeriesSequence}), DCM_ReferencedInstanceSequence), 1);
}

TEST_F(Segmentation, OfNothingHasAnEmptyFrameForEachSegment) {
  LabelMap labels = test::oblique_labels();
  std::fill(labels.label.begin(), labels.label.end(), std::uint8_t{0});
  EXPECT_EQ(text(write(labels), DCM_NumberOfFrames), "3");
}

TEST_F(Segmentation, EqualInputsGiveEqualFilesAndOthersOtherUids) {
  LabelMap labels = test::oblique_labels();
  const std::string first = text(write(labels), DCM_SOPInstanceUID);
  const std::string bytes = test::read_file(folder_ / "seg.dcm");
  write(labels);
  EXPECT_EQ(test::read_file(folder_ / "seg.dcm"), bytes);
  labels.label[3] = 1;
  EXPECT_NE(text(write(labels), DCM_SOPInstanceUID), first);
}

TEST_F(Segmentation, RefusesLabelsWithoutNamesAndOtherGrids) {
  LabelMap labels = test::oblique_labels();
  const CtReference reference = ct_reference(test::oblique_ct(), test::ct_info());
  const auto write_with = [&](const std::vector<std::string>& names) {
    write_segmentation(folder_ / "seg.dcm", labels, names, reference, test::ct_info());
  };
  EXPECT_THROW(write_with({"background", "liver"}), std::invalid_argument);
  EXPECT_THROW(write_with({"background"}), std::invalid_argument);
  labels.geometry.size = {15, 3, 1};
  EXPECT_THROW(write_with(test::label_names()), std::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "seg.dcm"));
}

}  // namespace
}  // namespace ctforge::io
