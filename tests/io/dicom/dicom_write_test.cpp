// Written slices read back with DCMTK: pixels, geometry, marking; equal inputs give equal bytes.
#include "io/dicom/dicom_write.h"

#include "tests/support/support.h"

#include <cmath>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

Volume oblique() {
  const double c = std::cos(0.3), s = std::sin(0.3);
  Volume volume;
  volume.geometry = {.size = {3, 2, 2},
                     .spacing_mm = {0.75, 1.5, 4},
                     .origin_mm = {-10, 20, 30},
                     .direction = {{{c, 0, -s}, {0, 1, 0}, {s, 0, c}}}};
  volume.hu = {-1024, -1000, 0, 40, 100, 3071, 1, 2, 3, 4, 5, -5};
  return volume;
}

CtSeriesInfo info() {
  return {.patient_id = "SYN-0001", .body_part = "CHEST", .description = "phantom", .uid_seed = "7"};
}

std::string text(DcmItem& item, const DcmTagKey& tag) {
  OFString value;
  item.findAndGetOFStringArray(tag, value);
  return value.c_str();
}

TEST(DicomWrite, PixelsAndGeometryReadBack) {
  test::TemporaryFolder folder;
  const auto files = write_ct_series(folder.path(), oblique(), info());
  ASSERT_EQ(files.size(), 2U);
  DcmFileFormat file;
  ASSERT_TRUE(file.loadFile(files[1].c_str()).good());
  DcmDataset& data = *file.getDataset();
  const Uint16* pixels = nullptr;
  ASSERT_TRUE(data.findAndGetUint16Array(DCM_PixelData, pixels).good());
  EXPECT_EQ(static_cast<std::int16_t>(pixels[5]), -5);
  Float64 z = 0, spacing = 0;
  data.findAndGetFloat64(DCM_ImagePositionPatient, z, 2);
  EXPECT_NEAR(z, 30 + 4 * std::cos(0.3), 1e-10);
  data.findAndGetFloat64(DCM_PixelSpacing, spacing, 0);
  EXPECT_EQ(spacing, 1.5);  // between rows first
}

TEST(DicomWrite, SaysThatItIsSynthetic) {
  test::TemporaryFolder folder;
  const auto files = write_ct_series(folder.path(), oblique(), info());
  DcmFileFormat file;
  ASSERT_TRUE(file.loadFile(files[0].c_str()).good());
  DcmDataset& data = *file.getDataset();
  EXPECT_EQ(text(data, DcmTagKey(0x0008, 0x001c)), "YES");
  EXPECT_EQ(text(data, DCM_ImageType), "DERIVED\\SECONDARY\\AXIAL");
  EXPECT_EQ(text(data, DCM_PatientName), "SYNTHETIC^SYN-0001");
  EXPECT_EQ(text(data, DCM_SeriesDescription), "SYNTHETIC phantom");
  DcmItem* equipment = nullptr;
  EXPECT_TRUE(data.findAndGetSequenceItem(DCM_ContributingEquipmentSequence, equipment).good());
}

TEST(DicomWrite, EqualInputsGiveEqualFiles) {
  test::TemporaryFolder a, b;
  const auto first = write_ct_series(a.path(), oblique(), info());
  const auto second = write_ct_series(b.path(), oblique(), info());
  EXPECT_EQ(test::read_file(first[0]), test::read_file(second[0]));
}

TEST(DicomWrite, OtherVoxelsGetOtherUids) {
  test::TemporaryFolder a, b;
  Volume volume = oblique();
  write_ct_series(a.path(), volume, info());
  volume.hu[11] += 1;
  write_ct_series(b.path(), volume, info());
  for (const DcmTagKey& tag : {DCM_SOPInstanceUID, DCM_SeriesInstanceUID, DCM_StudyInstanceUID}) {
    std::string uids[2];
    for (const auto& [folder, uid] : {std::pair(&a, &uids[0]), std::pair(&b, &uids[1])}) {
      DcmFileFormat file;
      ASSERT_TRUE(file.loadFile((*folder / "CT000001.dcm").c_str()).good());
      *uid = text(*file.getDataset(), tag);
    }
    EXPECT_NE(uids[0], uids[1]);
  }
}

TEST(DicomWrite, TextsFitTheirAttributes) {
  test::TemporaryFolder folder;
  CtSeriesInfo wild = info();
  wild.description = "L\xc3\xb6sion\\" + std::string(100, 'x');
  wild.versions = {"ctforge 1", std::string(64, 'a')};
  wild.contribution = "drawn";
  DcmFileFormat file;
  ASSERT_TRUE(file.loadFile(write_ct_series(folder.path(), oblique(), wild)[0].c_str()).good());
  EXPECT_EQ(text(*file.getDataset(), DCM_SeriesDescription), "SYNTHETIC L__sion_" + std::string(46, 'x'));
  DcmItem* equipment = nullptr;
  ASSERT_TRUE(file.getDataset()->findAndGetSequenceItem(DCM_ContributingEquipmentSequence, equipment).good());
  EXPECT_EQ(text(*equipment, DCM_SoftwareVersions), "ctforge 1\\" + std::string(64, 'a'));
  EXPECT_EQ(text(*equipment, DCM_ContributionDescription), "drawn");
  EXPECT_TRUE(file.getDataset()->tagExists(DCM_BodyPartExamined));
  EXPECT_FALSE(file.getDataset()->tagExists(DCM_Laterality));
  DcmItem* purpose = nullptr;
  ASSERT_TRUE(equipment->findAndGetSequenceItem(DCM_PurposeOfReferenceCodeSequence, purpose).good());
  EXPECT_EQ(text(*purpose, DCM_CodeValue), "109100");
}

TEST(DicomWrite, UidsAreDecimalUuids) {
  const std::string uid = uid_from("x");
  EXPECT_TRUE(uid.starts_with("2.25."));
  EXPECT_LE(uid.size(), 64U);
  EXPECT_NE(uid[5], '0');
  EXPECT_EQ(uid.find_first_not_of("0123456789."), std::string::npos);
  EXPECT_NE(uid, uid_from("y"));
}

TEST(DicomWrite, ShearIsRefused) {
  test::TemporaryFolder folder;
  Volume volume = oblique();
  volume.geometry.direction[0][1] = 0.2;
  EXPECT_THROW(write_ct_series(folder.path(), volume, info()), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::io
