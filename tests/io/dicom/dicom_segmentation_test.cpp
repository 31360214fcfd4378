// Headers of SEG, the places of their frames, and everything that may be wrong with them.
#include "io/dicom/dicom_segmentation.h"

#include "io/file/fault.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/io/file/fault_of.h"
#include "tests/io/labels/label_samples.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

const Geometry kCt = {{6, 4, 4}, {0.5, 0.75, 2.5}, {-10, -20, 0}, {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}};
using Step = std::array<std::int64_t, 3>;

using test::fault_of;

class DicomSegmentation : public ::testing::Test {
 protected:
  // Two frames of one segment, on slices 1 and 3.
  void write(const test::LabelEdit& edit = {}, int bits = 1) {
    const std::vector<std::uint8_t> none(24);
    test::write_segmentation(file(), {"organ"}, {{1, 1, none}, {1, 3, none}}, bits, edit);
  }
  Fault fault(const test::LabelEdit& edit, int bits = 1) {
    write(edit, bits);
    return fault_of([&] { read_segmentation(file()); });
  }
  std::filesystem::path file() const { return folder_ / "seg.dcm"; }

 private:
  test::TemporaryFolder folder_;
};

TEST_F(DicomSegmentation, FramesAndTheirPlaces) {
  write();
  const Segmentation found = read_segmentation(file());
  ASSERT_EQ(found.frames.size(), 2U);
  EXPECT_EQ(found.pixels.rows, 4);
  EXPECT_EQ(found.frames[1].segment, 1);
  EXPECT_EQ(found.frames[1].source_uids, std::vector<std::string>{"2.25.10003"});
  const FramePlace place = place_frame(found, found.frames[1], kCt);
  EXPECT_EQ(place.first, (Step{0, 0, 3}));
  EXPECT_EQ(place.along_row, (Step{1, 0, 0}));
  EXPECT_EQ(place.down_column, (Step{0, 1, 0}));
}

TEST_F(DicomSegmentation, AFrameTurnedOrSmallerThanTheSlice) {
  write();
  Segmentation found = read_segmentation(file());
  SegmentationFrame& frame = found.frames[0];
  // From the last voxel of the slice back to the first.
  frame.orientation = {Vector3{-1, 0, 0}, Vector3{0, -1, 0}};
  frame.position_mm = {-10 + 5 * 0.5, -20 + 3 * 0.75, 2.5};
  EXPECT_EQ(place_frame(found, frame, kCt).first, (Step{5, 3, 1}));
  EXPECT_EQ(place_frame(found, frame, kCt).down_column, (Step{0, -1, 0}));
  // Across the slices: a row runs along y, a column from foot to head.
  frame.orientation = {Vector3{0, 1, 0}, Vector3{0, 0, 1}};
  frame.spacing_mm = {0.75, 2.5};
  frame.position_mm = {-9, -20, 0};
  found.pixels.columns = found.pixels.rows = 4;
  EXPECT_EQ(place_frame(found, frame, kCt).first, (Step{2, 0, 0}));
  EXPECT_EQ(place_frame(found, frame, kCt).down_column, (Step{0, 0, 1}));
  // A window of 2 x 2 pixels.
  frame = found.frames[1];
  found.pixels.columns = found.pixels.rows = 2;
  frame.position_mm = {-10 + 4 * 0.5, -20 + 2 * 0.75, 7.5};
  EXPECT_EQ(place_frame(found, frame, kCt).first, (Step{4, 2, 3}));
}

TEST_F(DicomSegmentation, AnotherGridIsAMismatch) {
  write();
  Segmentation found = read_segmentation(file());
  const SegmentationFrame sound = found.frames[0];
  const auto refuses = [&](const std::function<void(SegmentationFrame&)>& edit) {
    SegmentationFrame frame = sound;
    edit(frame);
    EXPECT_EQ(fault_of([&] { place_frame(found, frame, kCt); }), Fault::LabelMismatch);
  };
  refuses([](auto& frame) { frame.position_mm[0] += 0.13; });  // more than a quarter of 0.5 mm
  refuses([](auto& frame) { frame.position_mm[2] += 1.25; });  // between slices
  refuses([](auto& frame) { frame.position_mm[2] = 10; });     // beyond the last
  refuses([](auto& frame) { frame.position_mm[2] = 1e30; });
  refuses([](auto& frame) { frame.spacing_mm = {0.25, 0.375}; });
  refuses([](auto& frame) { frame.spacing_mm = {0, 0}; });
  refuses([](auto& frame) { frame.orientation[0] = {0.9, 0.44, 0}; });
  refuses([](auto& frame) { frame.orientation[1] = frame.orientation[0]; });
  SegmentationFrame near = sound;
  near.position_mm = {-10.1, -20.1, 2.6};
  EXPECT_EQ(place_frame(found, near, kCt).first, (Step{0, 0, 1}));
}

TEST_F(DicomSegmentation, PixelDataMustHaveTheLengthOfItsFrames) {
  const auto of_size = [](std::size_t bytes) {
    return [bytes](DcmDataset& data) {
      const std::vector<Uint8> pixels(bytes);
      data.putAndInsertUint8Array(DCM_PixelData, pixels.data(), static_cast<unsigned long>(bytes));
    };
  };
  write(of_size(6));  // 48 bits
  EXPECT_NO_THROW(read_segmentation(file()));
  EXPECT_EQ(fault(of_size(4)), Fault::TruncatedPixelData);
  EXPECT_EQ(fault(of_size(8)), Fault::MalformedDicom);
  EXPECT_EQ(fault([](DcmDataset& data) { data.findAndDeleteElement(DCM_PixelData); }), Fault::MissingPixelData);
  EXPECT_EQ(fault(of_size(24), 8), Fault::TruncatedPixelData);
  write();
  const std::string bytes = test::read_file(file());
  test::write_file(file(), bytes.substr(0, bytes.size() - 2));
  EXPECT_EQ(fault_of([&] { read_segmentation(file()); }), Fault::TruncatedPixelData);
}

TEST_F(DicomSegmentation, HeadersThatDoNotHold) {
  const auto text = [](const DcmTagKey& tag, const char* value) {
    return [=](DcmDataset& data) { data.putAndInsertString(tag, value); };
  };
  const auto number = [](const DcmTagKey& tag, Uint16 value) {
    return [=](DcmDataset& data) { data.putAndInsertUint16(tag, value); };
  };
  for (const char* frames : {"1", "3", "2000000000", "-2", "two"})
    EXPECT_EQ(fault(text(DCM_NumberOfFrames, frames)), Fault::MalformedDicom) << frames;
  EXPECT_EQ(fault(number(DCM_Rows, 0)), Fault::MalformedDicom);
  EXPECT_EQ(fault(number(DCM_Rows, 65535)), Fault::TruncatedPixelData);
  EXPECT_EQ(fault(number(DCM_BitsAllocated, 8)), Fault::UnsupportedFormat);
  EXPECT_EQ(fault(text(DCM_SegmentationType, "OTHER")), Fault::UnsupportedFormat);
  EXPECT_EQ(fault(number(DCM_MaximumFractionalValue, 0), 8), Fault::MalformedDicom);
  EXPECT_EQ(fault([](DcmDataset& data) { data.findAndDeleteElement(DCM_SharedFunctionalGroupsSequence); }),
            Fault::MissingPosition);
  EXPECT_EQ(fault([](DcmDataset& data) {
              test::frame_groups(data, 1).findAndDeleteElement(DCM_SegmentIdentificationSequence);
            }),
            Fault::MalformedDicom);
  EXPECT_EQ(fault([](DcmDataset& data) {
              DcmItem* position = nullptr;
              test::frame_groups(data, 0).findAndGetSequenceItem(DCM_PlanePositionSequence, position);
              position->putAndInsertString(DCM_ImagePositionPatient, "0\\nan\\0");
            }),
            Fault::MissingPosition);
}

TEST_F(DicomSegmentation, OfATiltedGantryAFrameMayLieBetweenVoxels) {
  write();
  const Segmentation found = read_segmentation(file());
  SegmentationFrame frame = found.frames[0];
  frame.position_mm = {-10, -20 + 0.45 * 0.75, 2.5};
  EXPECT_EQ(fault_of([&] { place_frame(found, frame, kCt); }), Fault::LabelMismatch);
  EXPECT_EQ(place_frame(found, frame, kCt, true).first, (Step{0, 0, 1}));
  frame.position_mm = {-10, -20, 2.5 * 1.4};
  EXPECT_EQ(fault_of([&] { place_frame(found, frame, kCt, true); }), Fault::LabelMismatch);
}

TEST_F(DicomSegmentation, BigEndianIsRefusedByName) {
  const std::vector<std::uint8_t> none(24);
  test::write_segmentation(file(), {"organ"}, {{1, 1, none}}, 1, {}, EXS_BigEndianExplicit);
  EXPECT_EQ(fault_of([&] { read_segmentation(file()); }), Fault::UnsupportedTransferSyntax);
}

}  // namespace
}  // namespace ctforge::io
