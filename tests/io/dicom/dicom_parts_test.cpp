// Values as DICOM types hold them.
#include "io/dicom/dicom_parts.h"

#include "tests/support/support.h"

#include <array>
#include <stdexcept>
#include <system_error>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(DicomParts, DecimalStringsAreOf16CharactersAtMost) {
  EXPECT_EQ(dicom::decimal(0.1), "0.1");
  EXPECT_EQ(dicom::decimal(-1.0 / 3), "-0.3333333333333");
  EXPECT_EQ(dicom::decimal(-1.23456789112345e-7), "-1.234567891e-07");
  EXPECT_EQ(dicom::decimals(std::array{1.0, -2.5}), "1\\-2.5");
}

TEST(DicomParts, TextsLoseWhatTheirTypeCannotHold) {
  EXPECT_EQ(dicom::long_string("a\\b\n\xc3\xa9"), "a_b___");
  EXPECT_EQ(dicom::long_string(std::string(70, 'x')).size(), 64U);
}

TEST(DicomParts, PixelSpacingIsBetweenRowsFirst) {
  const Geometry geometry = {.size = {2, 2, 2}, .spacing_mm = {1, 2, 3}};
  EXPECT_EQ(dicom::pixel_spacing_of(geometry), "2\\1");
  EXPECT_EQ(dicom::position_of(geometry, 1), "0\\0\\3");
  EXPECT_EQ(dicom::orientation_of(geometry), "1\\0\\0\\0\\1\\0");
}

TEST(DicomParts, AFolderThatCannotBeIsAnError) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "file", "");
  DcmFileFormat file;
  dicom::put_object(*file.getDataset(), UID_CTImageStorage, uid_from("x"), {});
  EXPECT_THROW(dicom::save(file, folder / "file" / "ct.dcm"), std::system_error);
}

}  // namespace
}  // namespace ctforge::io
