// Enhanced CT read back with DCMTK: frames, HU, geometry, marking.
#include "io/dicom/dicom_write_enhanced.h"

#include "tests/io/dicom/dicom_written.h"
#include "tests/support/support.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

using test::item;
using test::text;

TEST(DicomWriteEnhanced, HoldsHuAndGeometryOfEachSlice) {
  const test::TemporaryFolder folder;
  const Volume volume = test::oblique_ct();
  write_ct_enhanced(folder / "ct.dcm", volume, test::ct_info());
  DcmFileFormat file;
  ASSERT_TRUE(file.loadFile((folder / "ct.dcm").c_str()).good());
  DcmDataset& data = *file.getDataset();
  EXPECT_EQ(text(data, DCM_NumberOfFrames), "3");
  const Uint16* pixels = nullptr;
  unsigned long count = 0;
  ASSERT_TRUE(data.findAndGetUint16Array(DCM_PixelData, pixels, &count).good());
  ASSERT_EQ(count, volume.hu.size());
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(static_cast<std::int16_t>(pixels[i]), volume.hu[i]);
  DcmItem& shared = item(data, {DCM_SharedFunctionalGroupsSequence});
  EXPECT_EQ(text(item(shared, {DCM_PixelMeasuresSequence}), DCM_PixelSpacing), "1.5\\0.75");
  EXPECT_EQ(text(item(shared, {DCM_PixelValueTransformationSequence}), DCM_RescaleSlope), "1");
  for (long slice = 0; slice < 3; ++slice) {
    DcmItem& frame = item(data, {DCM_PerFrameFunctionalGroupsSequence}, slice);
    Float64 x = 0;
    item(frame, {DCM_PlanePositionSequence}).findAndGetFloat64(DCM_ImagePositionPatient, x, 0);
    EXPECT_NEAR(x, index_to_point_mm(volume.geometry, {0, 0, static_cast<double>(slice)})[0], 1e-9);
  }
}

TEST(DicomWriteEnhanced, IsMarkedAndReproducible) {
  const test::TemporaryFolder folder;
  write_ct_enhanced(folder / "a.dcm", test::oblique_ct(), test::ct_info());
  write_ct_enhanced(folder / "b.dcm", test::oblique_ct(), test::ct_info());
  EXPECT_EQ(test::read_file(folder / "a.dcm"), test::read_file(folder / "b.dcm"));
  DcmFileFormat file;
  ASSERT_TRUE(file.loadFile((folder / "a.dcm").c_str()).good());
  test::expect_marked(*file.getDataset(), "CT");
  const CtReference enhanced = ct_reference(test::oblique_ct(), test::ct_info(), CtForm::Enhanced);
  const CtReference series = ct_reference(test::oblique_ct(), test::ct_info());
  EXPECT_EQ(text(*file.getDataset(), DCM_SOPInstanceUID), enhanced.image_uids.at(0));
  EXPECT_NE(enhanced.image_uids[0], series.image_uids[0]);
}

TEST(DicomWriteEnhanced, RefusesVoxelsThatDoNotFit) {
  const test::TemporaryFolder folder;
  Volume volume = test::oblique_ct();
  volume.hu.pop_back();
  EXPECT_THROW(write_ct_enhanced(folder / "ct.dcm", volume, test::ct_info()), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::io
