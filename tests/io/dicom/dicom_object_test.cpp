// What is skipped, what is refused by name, and what is a CT slice.
#include "io/dicom/dicom_object.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

DicomObject classify(const char* sop_class, const char* modality, bool image = true, const char* media = "") {
  DcmDataset data;
  DcmItem meta;
  if (*sop_class != '\0') data.putAndInsertString(DCM_SOPClassUID, sop_class);
  if (*media != '\0') meta.putAndInsertString(DCM_MediaStorageSOPClassUID, media);
  data.putAndInsertString(DCM_Modality, modality);
  if (image) data.putAndInsertUint16(DCM_Rows, 4);
  std::vector<Finding> faults;
  return classify_object(DicomAttributes(data, faults), meta);
}

TEST(DicomObject, CtSlices) {
  for (const DicomObject& object : {classify(UID_CTImageStorage, "CT"), classify("", "CT", true, UID_CTImageStorage)}) {
    EXPECT_TRUE(object.skip_reason.empty());
    EXPECT_FALSE(object.fault);
  }
}

TEST(DicomObject, ObjectsWithoutImagesAreSkipped) {
  EXPECT_EQ(classify(UID_RTStructureSetStorage, "RTSTRUCT").skip_reason, "DICOM radiotherapy object");
  EXPECT_EQ(classify(UID_SegmentationStorage, "SEG").skip_reason, "DICOM segmentation");
  EXPECT_EQ(classify(UID_BasicTextSRStorage, "SR").skip_reason, "DICOM structured report");
  EXPECT_EQ(classify("", "", false, UID_MediaStorageDirectoryStorage).skip_reason, "DICOM directory");
  EXPECT_EQ(classify("1.2.3", "OT", false).skip_reason, "DICOM object without an image");
}

TEST(DicomObject, SomeOfThemCanLabelACt) {
  EXPECT_EQ(classify(UID_RTStructureSetStorage, "RTSTRUCT").labels, LabelObjectKind::StructureSet);
  EXPECT_EQ(classify(UID_SegmentationStorage, "SEG").labels, LabelObjectKind::Segmentation);
  EXPECT_EQ(classify("1.2.840.10008.5.1.4.1.1.66.7", "SEG").labels, LabelObjectKind::Segmentation);
  for (const char* other : {UID_RTDoseStorage, UID_SurfaceSegmentationStorage, UID_CTImageStorage})
    EXPECT_FALSE(classify(other, "OT").labels) << other;
}

TEST(DicomObject, OtherImagesAreRefused) {
  const DicomObject mr = classify(UID_MRImageStorage, "MR");
  ASSERT_TRUE(mr.fault);
  EXPECT_EQ(mr.fault->fault, Fault::NotCt);
  EXPECT_EQ(mr.fault->message, "Modality is MR, expected CT");
  const DicomObject name = classify(UID_CTImageStorage, "MEIER");
  ASSERT_TRUE(name.fault);
  EXPECT_EQ(name.fault->message.find("MEIER"), std::string::npos);
  EXPECT_EQ(classify(UID_SecondaryCaptureImageStorage, "CT").fault->fault, Fault::NotCt);
  EXPECT_FALSE(classify(UID_EnhancedCTImageStorage, "CT").fault);
  EXPECT_TRUE(classify(UID_EnhancedCTImageStorage, "CT").enhanced);
  EXPECT_FALSE(classify(UID_CTImageStorage, "CT").enhanced);
  // Whatever somebody typed there is not repeated.
  EXPECT_EQ(classify(UID_CTImageStorage, "PLANTED^NAME").fault->message.find("PLANTED"), std::string::npos);
}

TEST(DicomObject, BodyPartsAreDefinedTermsOrNothing) {
  EXPECT_EQ(defined_body_part("CHEST"), "CHEST");
  EXPECT_EQ(defined_body_part("ABDOMENPELVIS"), "ABDOMENPELVIS");
  for (const char* text : {"", "Chest", "CHEST ", "CHEST OF PLANTED NAME"}) EXPECT_EQ(defined_body_part(text), "");
}

}  // namespace
}  // namespace ctforge::io
