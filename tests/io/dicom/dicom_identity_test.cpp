// What files say they are, and files that do not say it.
#include "io/dicom/dicom_identity.h"

#include "io/file/fault.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/io/network/archive_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(DicomIdentity, OfASyntheticObject) {
  test::TemporaryFolder folder;
  const auto identity = read_dicom_identity(test::write_objects(folder.path(), 1)[0]);
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->sop_class, UID_CTImageStorage);
  EXPECT_EQ(identity->transfer_syntax, UID_LittleEndianExplicitTransferSyntax);
  EXPECT_EQ(identity->patient_id, "SYN-1");
  EXPECT_EQ(identity->modality, "CT");
  EXPECT_TRUE(identity->object_uid.starts_with("2.25."));
  EXPECT_TRUE(identity->synthetic);
}

TEST(DicomIdentity, OnlyYesIsSynthetic) {
  test::TemporaryFolder folder;
  for (const char* value : {"", "NO", "yes", "YES\\NO"}) {
    const auto files = test::write_sample_series(folder.path(), 1, [&](DcmDataset& data, std::size_t) {
      data.putAndInsertString(DcmTag(0x0008, 0x001c, EVR_CS), value);
    });
    EXPECT_FALSE(read_dicom_identity(files[0])->synthetic) << value;
  }
  // Within a sequence it says nothing of the object.
  const auto files = test::write_sample_series(folder.path(), 1, [](DcmDataset& data, std::size_t) {
    DcmItem* item = nullptr;
    data.findOrCreateSequenceItem(DCM_SourceImageSequence, item);
    item->putAndInsertString(DcmTag(0x0008, 0x001c, EVR_CS), "YES");
  });
  EXPECT_FALSE(read_dicom_identity(files[0])->synthetic);
}

TEST(DicomIdentity, TheMarkIsReadInImplicitFilesToo) {
  test::TemporaryFolder folder;
  const auto file = test::write_objects(folder.path(), 1)[0];
  DcmFileFormat format;
  ASSERT_TRUE(format.loadFile(file.c_str()).good());
  ASSERT_TRUE(format.saveFile(file.c_str(), EXS_LittleEndianImplicit).good());
  const std::string bytes = test::read_file(file);
  EXPECT_TRUE(read_dicom_identity(file)->synthetic);
  EXPECT_TRUE(dicom_identity_of(bytes)->synthetic);
}

TEST(DicomIdentity, OtherFilesHaveNone) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a", "");
  test::write_file(folder / "b", std::string(200, 'x'));
  EXPECT_FALSE(read_dicom_identity(folder / "a"));
  EXPECT_FALSE(read_dicom_identity(folder / "b"));
  EXPECT_THROW(read_dicom_identity(folder / "none"), DataError);
}

TEST(DicomIdentity, WithoutAnInstanceItIsMalformed) {
  test::TemporaryFolder folder;
  const auto files = test::write_sample_series(
      folder.path(), 1, [](DcmDataset& data, std::size_t) { data.putAndInsertString(DCM_StudyInstanceUID, ""); });
  try {
    read_dicom_identity(files[0]);
    FAIL() << "no error";
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::MalformedDicom);
  }
}

}  // namespace
}  // namespace ctforge::io
