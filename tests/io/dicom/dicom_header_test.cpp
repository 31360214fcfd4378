// Files of every kind: with and without preamble, wrong value representations, objects without images.
#include "io/dicom/dicom_header.h"

#include "tests/io/dicom/dicom_samples.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(DicomHeader, ReadsWithAndWithoutPreamble) {
  const test::TemporaryFolder folder;
  const auto files = test::write_sample_series(folder.path(), 1);
  DcmFileFormat file;
  ASSERT_TRUE(file.loadFile(files[0].c_str()).good());
  ASSERT_TRUE(file.getDataset()->saveFile((folder / "bare").c_str(), EXS_LittleEndianImplicit).good());
  for (const auto& path : {files[0], folder / "bare"}) {
    const DicomFile read = read_dicom_file(path);
    EXPECT_EQ(read.verdict, DicomVerdict::Image);
    EXPECT_TRUE(read.faults.empty());
    EXPECT_EQ(read.header.pixels.columns, 6);
    EXPECT_EQ(read.header.frames.at(0).spacing_mm, (std::array<double, 2>{0.5, 0.75}));
    EXPECT_EQ(read.header.pixels.length, 48);
  }
}

TEST(DicomHeader, WrongValueRepresentationIsAFault) {
  const test::TemporaryFolder folder;
  const auto files = test::write_sample_series(folder.path(), 1);
  std::string bytes = test::read_file(files[0]);
  const auto at = bytes.find(std::string("\x28\x00\x10\x00US", 6));  // Rows
  ASSERT_NE(at, std::string::npos);
  test::write_file(files[0], bytes.replace(at + 4, 2, "LO"));
  EXPECT_FALSE(read_dicom_file(files[0]).faults.empty());
}

TEST(DicomHeader, SkipsWhatIsNoImage) {
  const test::TemporaryFolder folder;
  const auto files = test::write_sample_series(folder.path(), 1, [](DcmDataset& data, std::size_t) {
    data.putAndInsertString(DCM_SOPClassUID, UID_RTStructureSetStorage);
  });
  EXPECT_EQ(read_dicom_file(files[0]).verdict, DicomVerdict::Skipped);
  test::write_file(folder / "text", "a text that is no image at all");
  EXPECT_EQ(read_dicom_file(folder / "text").verdict, DicomVerdict::NotDicom);
  EXPECT_THROW(read_dicom_file(folder / "absent"), DataError);
}

}  // namespace
}  // namespace ctforge::io
