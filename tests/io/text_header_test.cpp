// NRRD and MetaImage headers as text, one fault at a time.
#include "io/text_header.h"

#include "io/fault.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

const char* const kNrrd =
    "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 1 1 2\n"
    "space directions: (1,0,0) (0,1,0) (0,0,1)\nencoding: raw\nendian: little\n";

TextHeader read(const std::string& bytes) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "v", bytes);
  return read_text_header(folder / "v");
}

TEST(TextHeader, ReadsFieldsAndPlace) {
  const std::string text = std::string(kNrrd) + "\n";
  const TextHeader header = read(text + "1234");
  EXPECT_TRUE(header.nrrd && header.attached && header.raw);
  EXPECT_EQ(header.field("sizes"), "1 1 2");
  EXPECT_EQ(header.end, static_cast<std::int64_t>(text.size()));
}

TEST(TextHeader, RefusesEachFault) {
  EXPECT_THROW(read("NOTHING\n\n"), DataError);
  EXPECT_THROW(read(kNrrd), DataError);  // no end
  EXPECT_THROW(read(std::string(kNrrd) + "data file: /etc/passwd\n\n"), DataError);
  EXPECT_THROW(read("NRRD0004\nsizes: 1 1 2\nspace: LPS\n\n"), DataError);
  EXPECT_THROW(read("NDims = 3\nElementDataFile = LOCAL\n"), DataError);  // no spacing
  EXPECT_THROW(
      read("NDims = 3\nElementSpacing = 1 1 1\nElementToIntensityFunctionSlope = 2\nElementDataFile = LOCAL\n"),
      DataError);
}

TEST(TextHeader, RefusesShortVoxels) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "v", std::string(kNrrd) + "\n123");
  EXPECT_THROW(check_raw_length(read_text_header(folder / "v"), 4), DataError);
}

}  // namespace
}  // namespace ctforge::io
