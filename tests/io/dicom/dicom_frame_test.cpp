// Functional groups of an enhanced CT, put together by hand: what a frame takes from its own item and what from the
// shared one, and what is refused.
#include "io/dicom/dicom_frame.h"

#include <functional>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

void put(DcmItem& group, const DcmTagKey& macro, const DcmTagKey& tag, const char* value) {
  DcmItem* item = nullptr;
  ASSERT_TRUE(group.findOrCreateSequenceItem(macro, item, 0).good());
  ASSERT_TRUE(item->putAndInsertString(tag, value).good());
}

DcmItem& group(DcmDataset& data, const DcmTagKey& sequence, long number = 0) {
  DcmItem* item = nullptr;
  if (data.findOrCreateSequenceItem(sequence, item, number).bad()) throw std::runtime_error("sample group");
  return *item;
}

// Two frames, 4 mm apart; the second has a slope of its own.
void fill(DcmDataset& data) {
  data.putAndInsertString(DCM_NumberOfFrames, "2");
  data.putAndInsertString(DCM_ImageType, "ORIGINAL\\PRIMARY\\VOLUME\\NONE");
  DcmItem& shared = group(data, DCM_SharedFunctionalGroupsSequence);
  put(shared, DCM_PixelMeasuresSequence, DCM_PixelSpacing, "0.75\\0.5");
  put(shared, DCM_PixelMeasuresSequence, DCM_SliceThickness, "4");
  put(shared, DCM_PlaneOrientationSequence, DCM_ImageOrientationPatient, "1\\0\\0\\0\\1\\0");
  put(shared, DCM_PixelValueTransformationSequence, DCM_RescaleSlope, "1");
  put(shared, DCM_PixelValueTransformationSequence, DCM_RescaleIntercept, "-1024");
  put(shared, DCM_PixelValueTransformationSequence, DCM_RescaleType, "HU");
  for (long i = 0; i < 2; ++i) {
    DcmItem& own = group(data, DCM_PerFrameFunctionalGroupsSequence, i);
    put(own, DCM_PlanePositionSequence, DCM_ImagePositionPatient, i == 0 ? "1\\2\\3" : "1\\2\\7");
    put(own, DCM_FrameContentSequence, DCM_StackID, "1");
  }
  DcmItem& second = group(data, DCM_PerFrameFunctionalGroupsSequence, 1);
  put(second, DCM_PixelValueTransformationSequence, DCM_RescaleSlope, "2");
  put(second, DCM_PixelValueTransformationSequence, DCM_RescaleIntercept, "-1000");
}

TEST(DicomFrame, OwnGroupsStandBeforeSharedOnes) {
  DcmDataset data;
  fill(data);
  DicomFile file;
  read_enhanced_frames(data, file);
  EXPECT_TRUE(file.faults.empty());
  EXPECT_EQ(file.header.pixels.frames, 2);
  ASSERT_EQ(file.header.frames.size(), 2U);
  const DicomFrame& second = file.header.frames[1];
  EXPECT_EQ(second.position_mm, (Vector3{1, 2, 7}));
  EXPECT_EQ(second.spacing_mm, (std::array<double, 2>{0.5, 0.75}));
  EXPECT_EQ(second.thickness_mm, 4);
  EXPECT_EQ(second.slope, 2);
  EXPECT_EQ(second.intercept, -1000);
  EXPECT_EQ(second.stack, "1");
  EXPECT_EQ(file.header.frame_pixels(0).intercept, -1024);
}

std::vector<Fault> faults_of(const std::function<void(DcmDataset&)>& edit) {
  DcmDataset data;
  fill(data);
  edit(data);
  DicomFile file;
  read_enhanced_frames(data, file);
  std::vector<Fault> faults;
  for (const Finding& finding : file.faults) faults.push_back(finding.fault);
  return faults;
}

TEST(DicomFrame, MissingGroupsAreToldOnce) {
  using Faults = std::vector<Fault>;
  const auto without = [](const DcmTagKey& macro) {
    return [=](DcmDataset& data) { group(data, DCM_SharedFunctionalGroupsSequence).findAndDeleteElement(macro); };
  };
  EXPECT_EQ(faults_of(without(DCM_PlaneOrientationSequence)), Faults{Fault::MissingPosition});
  EXPECT_EQ(faults_of(without(DCM_PixelMeasuresSequence)), Faults{Fault::InvalidPixelSpacing});
  EXPECT_EQ(faults_of(without(DCM_PixelValueTransformationSequence)), Faults{Fault::MissingRescale});  // of the first
  EXPECT_EQ(faults_of([](DcmDataset& data) { data.putAndInsertString(DCM_NumberOfFrames, "3"); }),
            Faults{Fault::MalformedDicom});
}

TEST(DicomFrame, DerivedValuesThatAreNoHuAreNotCt) {
  const auto type = [](const char* text, const char* rescale) {
    return [=](DcmDataset& data) {
      data.putAndInsertString(DCM_ImageType, text);
      put(group(data, DCM_SharedFunctionalGroupsSequence), DCM_PixelValueTransformationSequence, DCM_RescaleType,
          rescale);
      put(group(data, DCM_PerFrameFunctionalGroupsSequence, 1), DCM_PixelValueTransformationSequence, DCM_RescaleType,
          rescale);
    };
  };
  EXPECT_EQ(faults_of(type("DERIVED\\PRIMARY\\PERFUSION\\RCBF", "US")), std::vector<Fault>{Fault::NotCt});
  EXPECT_TRUE(faults_of(type("DERIVED\\PRIMARY\\VOLUME\\MEAN", "US")).empty());
  EXPECT_TRUE(faults_of(type("DERIVED\\PRIMARY\\VOLUME\\ENERGY", "HU")).empty());
}

TEST(DicomFrame, AClassicObjectIsOneFrame) {
  DcmDataset data;
  data.putAndInsertString(DCM_ImageType, "ORIGINAL\\PRIMARY\\LOCALIZER");
  DicomFile file;
  read_single_frame(data, file);
  ASSERT_EQ(file.header.frames.size(), 1U);
  EXPECT_TRUE(file.header.frames[0].localizer);
  EXPECT_FALSE(file.header.frames[0].position_mm);
  EXPECT_EQ(file.faults.size(), 4U);  // position, orientation, spacing, rescaling
}

}  // namespace
}  // namespace ctforge::io
