// Files are put where nobody is named, checked, whole, within limits.
#include "io/network/dicom_inbox.h"

#include "io/dicom/dicom_identity.h"
#include "io/file/fault.h"
#include "tests/io/network/archive_support.h"
#include "tests/support/support.h"

#include <cerrno>
#include <system_error>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmdata/dctk.h>
#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

class DicomInboxTest : public testing::Test {
 protected:
  void SetUp() override {
    files_ = test::write_objects(from_.path(), 3);
    for (const auto& file : files_) {
      const DicomIdentity identity = *read_dicom_identity(file);
      series_.patient_id = identity.patient_id;
      series_.study_uid = identity.study_uid;
      series_.series_uid = identity.series_uid;
      series_.objects.push_back({identity.object_uid, identity.sop_class});
    }
  }
  DicomInbox inbox(InboxLimits limits = {10, 1 << 20, 1 << 20}) const { return {to_.path(), "a key", limits}; }
  std::function<void(const std::filesystem::path&)> copy_of(std::size_t i) const {
    return [this, i](const std::filesystem::path& part) { std::filesystem::copy_file(files_[i], part); };
  }
  Fault fault_of(DicomInbox& box, const FoundObject& object, std::size_t i) const {
    try {
      box.take(series_, object, copy_of(i));
    } catch (const DataError& error) {
      return error.fault();
    }
    return Fault::NothingUsable;
  }

  test::TemporaryFolder from_, to_;
  std::vector<std::filesystem::path> files_;
  FoundSeries series_;
};

TEST_F(DicomInboxTest, TakesWhatWasAnnounced) {
  DicomInbox box = inbox();
  EXPECT_FALSE(box.holds(series_, series_.objects[0]));
  box.take(series_, series_.objects[0], copy_of(0));
  EXPECT_TRUE(box.holds(series_, series_.objects[0]));
  EXPECT_EQ(test::read_file(box.place(series_, series_.objects[0])), test::read_file(files_[0]));
  EXPECT_EQ(box.objects(), 1);
  EXPECT_EQ(box.bytes(), static_cast<std::int64_t>(std::filesystem::file_size(files_[0])));
}

TEST_F(DicomInboxTest, NamesTellNothing) {
  const std::string place = inbox().place(series_, series_.objects[0]).lexically_relative(to_.path()).string();
  EXPECT_EQ(place.size(), std::string("P-0123456789abcdef/S-0123456789abcdef/.dcm").size() + 32);
  const DicomInbox other(to_.path(), "another key", {});
  EXPECT_NE(other.place(series_, series_.objects[0]).lexically_relative(to_.path()).string(), place);
}

TEST_F(DicomInboxTest, AnotherObjectIsRefusedAndLeavesNothing) {
  DicomInbox box = inbox();
  EXPECT_EQ(fault_of(box, series_.objects[1], 0), Fault::NotAsAnnounced);
  EXPECT_EQ(fault_of(box, {series_.objects[0].object_uid, "1.2.840.10008.5.1.4.1.1.7"}, 0), Fault::NotAsAnnounced);
  test::write_file(files_[2], "no DICOM");
  EXPECT_EQ(fault_of(box, series_.objects[2], 2), Fault::NotAsAnnounced);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(to_.path()))
    EXPECT_FALSE(entry.is_regular_file()) << entry.path();
}

TEST_F(DicomInboxTest, AnImageThatEndsEarlyIsRefused) {
  DicomInbox box = inbox();
  const std::string bytes = test::read_file(files_[0]);
  for (const std::size_t lacking : {2, 20}) {
    test::write_file(files_[0], bytes.substr(0, bytes.size() - lacking));
    EXPECT_EQ(fault_of(box, series_.objects[0], 0), Fault::TruncatedPixelData) << lacking;
  }
  EXPECT_FALSE(box.holds(series_, series_.objects[0]));
  test::write_file(files_[0], bytes);
  EXPECT_NO_THROW(box.take(series_, series_.objects[0], copy_of(0)));
}

TEST_F(DicomInboxTest, ACompressedImageEndsWithItsDelimiter) {
  DcmRLEEncoderRegistration::registerCodecs();
  DcmFileFormat format;
  ASSERT_TRUE(format.loadFile(files_[0].c_str()).good());
  ASSERT_TRUE(format.getDataset()->chooseRepresentation(EXS_RLELossless, nullptr).good());
  files_[0] = from_ / "rle.dcm";
  ASSERT_TRUE(format.saveFile(files_[0].c_str(), EXS_RLELossless).good());
  DcmRLEEncoderRegistration::cleanup();
  DicomInbox box = inbox();
  const std::string bytes = test::read_file(files_[0]);
  for (const std::size_t lacking : {2, 8, 10}) {
    test::write_file(files_[0], bytes.substr(0, bytes.size() - lacking));
    EXPECT_EQ(fault_of(box, series_.objects[0], 0), Fault::TruncatedPixelData) << lacking;
  }
  test::write_file(files_[0], bytes);
  EXPECT_NO_THROW(box.take(series_, series_.objects[0], copy_of(0)));
}

TEST_F(DicomInboxTest, OnlyStructureSetsHaveNoPixels) {
  DcmFileFormat format;
  ASSERT_TRUE(format.loadFile(files_[0].c_str()).good());
  ASSERT_TRUE(format.getDataset()->findAndDeleteElement(DCM_PixelData).good());
  files_[0] = from_ / "no_pixels.dcm";
  ASSERT_TRUE(format.saveFile(files_[0].c_str(), EXS_LittleEndianExplicit).good());
  DicomInbox box = inbox();
  EXPECT_EQ(fault_of(box, series_.objects[0], 0), Fault::MissingPixelData);
  format.getDataset()->putAndInsertString(DCM_Modality, "RTSTRUCT");
  format.getDataset()->putAndInsertString(DCM_SOPClassUID, UID_RTStructureSetStorage);
  files_[0] = from_ / "structures.dcm";
  ASSERT_TRUE(format.saveFile(files_[0].c_str(), EXS_LittleEndianExplicit).good());
  series_.modality = "RTSTRUCT";
  EXPECT_NO_THROW(box.take(series_, {series_.objects[0].object_uid, UID_RTStructureSetStorage}, copy_of(0)));
}

TEST(InboxFile, WhatDoesNotReachItIsAnError) {
  InboxFile file("/dev/full");
  try {
    file.write("bytes");
    FAIL() << "no error";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ENOSPC);
  }
  const test::TemporaryFolder folder;
  EXPECT_THROW(InboxFile(folder / "none" / "file"), std::system_error);
}

TEST_F(DicomInboxTest, LimitsHold) {
  DicomInbox one = inbox({.objects = 1, .bytes = 1 << 20, .object_bytes = 100});
  EXPECT_EQ(one.room(), 100);
  one.take(series_, series_.objects[0], copy_of(0));
  EXPECT_THROW(one.room(), DataError);
  const DicomInbox none = inbox({.objects = 1, .bytes = 0, .object_bytes = 100});
  EXPECT_THROW(none.room(), DataError);
}

}  // namespace
}  // namespace ctforge::io
