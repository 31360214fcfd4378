// NRRD and MetaImage headers as text, one fault at a time.
#include "io/volume/text_header.h"

#include "io/file/fault.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>
#include <zlib.h>

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

// MetaIO would take the second for the file of the voxels, whatever lies between key and value.
TEST(TextHeader, RefusesAKeyInASecondSpelling) {
  const test::TemporaryFolder folder;
  const auto refuses = [&](const std::string& lines) {
    test::write_file(folder / "v", "NDims = 3\nElementSpacing = 1 1 1\n" + lines);
    try {
      read_text_header(folder / "v");
    } catch (const DataError& error) {
      return error.fault() == Fault::InvalidHeader;
    }
    return false;
  };
  EXPECT_FALSE(refuses("ElementDataFile = LOCAL\n"));
  EXPECT_TRUE(refuses("elementdatafile = LOCAL\nElementDataFile = ../x\n"));
  EXPECT_TRUE(refuses("ElementDataFile : ../x\nElementDataFile = LOCAL\n"));
  EXPECT_TRUE(refuses("ElementDataFile\n= ../x\nElementDataFile = LOCAL\n"));
  EXPECT_TRUE(refuses("NDims = 2\nElementDataFile = LOCAL\n"));
  EXPECT_THROW(read(std::string(kNrrd) + "encoding: gzip\n\n"), DataError);
}

TEST(TextHeader, RefusesShortVoxels) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "v", std::string(kNrrd) + "\n123");
  EXPECT_THROW(check_raw_length(read_text_header(folder / "v"), 4), DataError);
}

TEST(TextHeader, RefusesCompressedVoxelsOfAnotherSize) {
  const test::TemporaryFolder folder;
  std::string packed(100, '\0');
  uLongf size = packed.size();
  ASSERT_EQ(compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>("voxels"), 6),
            Z_OK);
  const std::string head = "NDims = 3\nElementSpacing = 1 1 1\nCompressedData = True\nElementDataFile = LOCAL\n";
  const auto check = [&](std::size_t bytes, std::int64_t voxel_bytes) {
    test::write_file(folder / "v", head + packed.substr(0, bytes));
    check_compressed_length(read_text_header(folder / "v"), voxel_bytes);
  };
  EXPECT_NO_THROW(check(size, 6));
  EXPECT_THROW(check(size, 5), DataError);
  EXPECT_THROW(check(size, 7), DataError);
  EXPECT_THROW(check(size - 1, 6), DataError);
}

}  // namespace
}  // namespace ctforge::io
