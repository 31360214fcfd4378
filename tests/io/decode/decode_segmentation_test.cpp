// Bits, fractions and numbers of SEG frames as labels.
#include "io/dicom/dicom_segmentation.h"
#include "io/file/fault.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/io/labels/label_samples.h"
#include "tests/support/support.h"

#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmjpeg/djencode.h>
#include <dcmtk/dcmjpls/djencode.h>
#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

const Geometry kCt = {{6, 4, 4}, {0.5, 0.75, 2.5}, {-10, -20, 0}, {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}};
using Labels = std::map<std::int64_t, std::uint8_t>;
using Values = std::vector<std::uint8_t>;

Values decoded(const std::filesystem::path& path, const Labels& labels, const Geometry& ct = kCt) {
  Values voxels(static_cast<std::size_t>(ct.voxels()));
  decode_segmentation(path, ct, false, labels, {}, voxels);
  return voxels;
}

Values ones_at(const std::vector<std::size_t>& places) {
  Values values(24);
  for (const std::size_t place : places) values[place] = 1;
  return values;
}

TEST(DecodeSegmentation, BitsOfFramesOverlappingSegmentsAndOnesNotAskedFor) {
  const test::TemporaryFolder folder;
  test::write_segmentation(folder / "seg.dcm", {"a", "b", "c"},
                           {{1, 3, ones_at({0, 5, 23})}, {2, 3, ones_at({5, 6})}, {3, 3, Values(24, 1)}});
  Values expected(96);
  expected[72] = expected[95] = 4;
  expected[77] = expected[78] = 7;
  EXPECT_EQ(decoded(folder / "seg.dcm", {{1, 4}, {2, 7}}), expected);
  expected[77] = 9;
  expected[72] = expected[95] = 9;
  EXPECT_EQ(decoded(folder / "seg.dcm", {{1, 9}, {2, 7}}), expected);
}

// Frames of 3 x 5 = 15 pixels do not begin at whole bytes.
TEST(DecodeSegmentation, FramesOfOddSizes) {
  const test::TemporaryFolder folder;
  Geometry ct = kCt;
  ct.size = {3, 5, 4};
  std::vector<test::SampleFrame> frames;
  for (int slice = 0; slice < 4; ++slice) {
    Values values(15);
    for (std::size_t i = 0; i < 15; ++i) values[i] = (i * 7 + static_cast<std::size_t>(slice) * 5) % 3 == 0 ? 1 : 0;
    frames.push_back({1, slice, values});
  }
  test::write_segmentation(folder / "seg.dcm", {"a"}, frames, 1, [](DcmDataset& data) {
    data.putAndInsertUint16(DCM_Columns, 3);
    data.putAndInsertUint16(DCM_Rows, 5);
  });
  Values expected;
  for (const auto& frame : frames) expected.insert(expected.end(), frame.values.begin(), frame.values.end());
  EXPECT_EQ(decoded(folder / "seg.dcm", {{1, 1}}, ct), expected);
}

TEST(DecodeSegmentation, FractionsFromHalfTheMaximumOn) {
  const test::TemporaryFolder folder;
  Values values(24);
  values[0] = 99;  // of 200
  values[1] = 100;
  values[2] = 255;
  for (const E_TransferSyntax syntax : {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit}) {
    test::write_segmentation(folder / "seg.dcm", {"a"}, {{1, 0, values}}, 8, {}, syntax);
    Values expected(96);
    expected[1] = expected[2] = 1;
    EXPECT_EQ(decoded(folder / "seg.dcm", {{1, 1}}), expected);
  }
}

// Each frame compressed by itself, as DCMTK's codecs do it.
TEST(DecodeSegmentation, CompressedFrames) {
  const test::TemporaryFolder folder;
  DcmRLEEncoderRegistration::registerCodecs();
  DJLSEncoderRegistration::registerCodecs();
  DJEncoderRegistration::registerCodecs();
  Values first(24), second(24);
  // Smooth: DCMTK's JPEG-LS encoder writes past its buffer for noise in so small an image.
  for (std::size_t i = 0; i < 24; ++i) first[i] = static_cast<std::uint8_t>(i / 6 * 60), second[i] = i < 9 ? 200 : 0;
  const std::vector<test::SampleFrame> frames = {{1, 0, first}, {1, 3, second}};
  const Labels labels = {{1, 1}};
  test::write_segmentation(folder / "seg.dcm", {"a"}, frames, 8);
  const Values expected = decoded(folder / "seg.dcm", labels);
  for (const E_TransferSyntax syntax : {EXS_RLELossless, EXS_JPEGLSLossless, EXS_JPEGProcess14SV1}) {
    test::write_segmentation(folder / "seg.dcm", {"a"}, frames, 8, {}, syntax);
    EXPECT_EQ(decoded(folder / "seg.dcm", labels), expected) << DcmXfer(syntax).getXferName();
  }
  std::string bytes = test::read_file(folder / "seg.dcm");
  test::write_file(folder / "seg.dcm", bytes.substr(0, bytes.size() - 40));
  EXPECT_THROW(decoded(folder / "seg.dcm", labels), DataError);
  DJEncoderRegistration::cleanup();
  DJLSEncoderRegistration::cleanup();
  DcmRLEEncoderRegistration::cleanup();
}

TEST(DecodeSegmentation, Deflated) {
  const test::TemporaryFolder folder;
  test::write_segmentation(folder / "seg.dcm", {"a"}, {{1, 2, ones_at({3, 20})}}, 1, {},
                           EXS_DeflatedLittleEndianExplicit);
  Values expected(96);
  expected[48 + 3] = expected[48 + 20] = 1;
  EXPECT_EQ(decoded(folder / "seg.dcm", {{1, 1}}), expected);
}

TEST(DecodeSegmentation, Labelmaps) {
  const test::TemporaryFolder folder;
  Values values(24);
  values[0] = 2;
  values[1] = 1;
  values[2] = 77;  // no segment of ours
  test::write_segmentation(folder / "seg.dcm", {"a", "b"}, {{1, 0, values}}, 8, [](DcmDataset& data) {
    data.putAndInsertString(DCM_SOPClassUID, "1.2.840.10008.5.1.4.1.1.66.7");
    data.putAndInsertString(DCM_SegmentationType, "LABELMAP");
    test::frame_groups(data, 0).findAndDeleteElement(DCM_SegmentIdentificationSequence);
  });
  Values expected(96);
  expected[0] = 5;
  expected[1] = 3;
  EXPECT_EQ(decoded(folder / "seg.dcm", {{1, 3}, {2, 5}}), expected);
}

TEST(DecodeSegmentation, AFrameThatRefersToAnotherSliceIsAMismatch) {
  const test::TemporaryFolder folder;
  std::vector<std::string> files;
  for (const auto& slice : test::write_sample_series(folder / "ct")) files.push_back(slice.string());
  const LabelSlices slices(files);
  const auto position = [](const char* text) {
    return [text](DcmDataset& data) {
      DcmItem* item = nullptr;
      test::frame_groups(data, 0).findAndGetSequenceItem(DCM_PlanePositionSequence, item);
      item->putAndInsertString(DCM_ImagePositionPatient, text);
    };
  };
  Values voxels(96);
  test::write_segmentation(folder / "seg.dcm", {"a"}, {{1, 2, ones_at({3})}});
  EXPECT_NO_THROW(decode_segmentation(folder / "seg.dcm", kCt, false, {{1, 1}}, slices, voxels));
  test::write_segmentation(folder / "seg.dcm", {"a"}, {{1, 2, ones_at({3})}}, 1, position("-10\\-20\\2.5"));
  try {
    decode_segmentation(folder / "seg.dcm", kCt, false, {{1, 1}}, slices, voxels);
    ADD_FAILURE() << "nothing was refused";
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::LabelMismatch);
  }
}

}  // namespace
}  // namespace ctforge::io
