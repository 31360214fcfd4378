// Files that would take DCMTK down: sequences without an end, and data sets that expand without one.
#include "io/dicom/dicom_stream.h"

#include "io/dicom/dicom_header.h"
#include "io/dicom/dicom_identity.h"
#include "io/dicom/dicom_items.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace ctforge::io {
namespace {

std::string little(std::uint32_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

// A file's beginning up to the data set, in that transfer syntax.
std::string head(const std::string& syntax) {
  const std::string uid = syntax + std::string(syntax.size() % 2, '\0');
  const std::string element =
      std::string("\x02\x00\x10\x00UI", 6) + static_cast<char>(uid.size()) + std::string(1, '\0') + uid;
  return std::string(128, '\0') + "DICM" + std::string("\x02\x00\x00\x00UL\x04\x00", 8) +
         little(static_cast<std::uint32_t>(element.size())) + element;
}

std::string nested(int depth) {
  const std::string sequence = std::string("\x08\x00\x15\x11SQ\x00\x00\xFF\xFF\xFF\xFF", 12),
                    item = std::string("\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF", 8);
  std::string bytes = head("1.2.840.10008.1.2.1");
  for (int i = 0; i < depth; ++i) bytes += sequence + item;
  for (int i = 0; i < depth; ++i)
    bytes += std::string("\xFE\xFF\x0D\xE0\x00\x00\x00\x00", 8) + std::string("\xFE\xFF\xDD\xE0\x00\x00\x00\x00", 8);
  return bytes;
}

std::string deflated(const std::string& bytes) {
  z_stream stream = {};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);
  std::string packed(compressBound(bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<unsigned>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<unsigned>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out + stream.total_out % 2);
  deflateEnd(&stream);
  return packed;
}

TEST(DicomStream, SequencesNestedBeyondAnyUseEndTheFileAlone) {
  const test::TemporaryFolder folder;
  const std::string few = nested(20);
  test::write_file(folder / "few", few);
  EXPECT_TRUE(parse_to_pixels(folder / "few").whole);
  EXPECT_TRUE(parse_to_pixels(std::string_view(few)).whole);
  const std::string many = nested(100000);
  test::write_file(folder / "many", many);
  EXPECT_FALSE(parse_to_pixels(folder / "many").whole);
  EXPECT_FALSE(parse_to_pixels(std::string_view(many)).whole);
  EXPECT_FALSE(parse_dicom(folder / "many").whole);
  EXPECT_THROW(read_dicom_identity(folder / "many"), DataError);
  EXPECT_NO_THROW(read_dicom_file(folder / "many"));
  test::write_file(folder / "packed",
                   head("1.2.840.10008.1.2.1.99") + deflated(many.substr(head("1.2.840.10008.1.2.1").size())));
  EXPECT_FALSE(parse_to_pixels(folder / "packed").whole);
}

TEST(DicomStream, ADeflatedDataSetIsReadUpToALimit) {
  const test::TemporaryFolder folder;
  const auto with_value = [](std::size_t bytes) {
    const std::string value(bytes, 'x');
    return head("1.2.840.10008.1.2.1.99") +
           deflated(std::string("\x09\x00\x10\x00LO\x04\x00SOME", 12) + std::string("\x09\x00\x01\x10OB\x00\x00", 8) +
                    little(static_cast<std::uint32_t>(bytes)) + value);
  };
  test::write_file(folder / "small", with_value(1 << 20));
  EXPECT_TRUE(parse_to_pixels(folder / "small").whole);
  test::write_file(folder / "large", with_value(kMostDeflatedHeader));
  EXPECT_FALSE(parse_to_pixels(folder / "large").whole);
}

TEST(DicomStream, WhatLiesBeforeThePixelsIsThere) {
  const test::TemporaryFolder folder;
  const auto files = test::write_sample_series(folder / "ct", 1);
  const ParsedDicom parsed = parse_to_pixels(files[0]);
  EXPECT_TRUE(parsed.whole);
  EXPECT_FALSE(parsed.file->getDataset()->tagExists(DCM_PixelData));
  EXPECT_GT(parsed.stopped_at, 132);
  EXPECT_THROW(parse_to_pixels(folder / "absent"), DataError);
}

}  // namespace
}  // namespace ctforge::io
