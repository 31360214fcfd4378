// PixelData written byte by byte: where it begins, how long it is, and what a JPEG 2000 codestream says of itself.
#include "io/dicom/dicom_fragments.h"

#include "tests/support/support.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace ctforge::io {
namespace {

std::string little(std::uint32_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }
std::string big(std::uint32_t value) {
  const std::string bytes = little(value);
  return {bytes.rbegin(), bytes.rend()};
}

std::string item(const std::string& value) {
  return std::string("\xFE\xFF\x00\xE0", 4) + little(static_cast<std::uint32_t>(value.size())) + value;
}
const std::string kDelimiter = std::string("\xFE\xFF\xDD\xE0", 4) + std::string(4, '\0');

// SOC and SIZ of an image of 6 x 4 pixels (ISO/IEC 15444-1 A.5.1), some bytes and EOC; 52 bytes.
std::string codestream(int bits, bool is_signed = false, std::uint32_t width = 6) {
  std::string bytes("\xFF\x4F\xFF\x51\x00\x29\x00\x00", 8);
  for (const std::uint32_t value : {width, 4U, 0U, 0U, width, 4U, 0U, 0U}) bytes += big(value);
  bytes += std::string("\x00\x01", 2) + static_cast<char>((is_signed ? 0x80 : 0) + bits - 1) + std::string("\1\1", 2);
  return bytes + std::string("data\xFF", 5) + '\xD9' + '\0';
}

class PixelDataOf {
 public:
  explicit PixelDataOf(const std::string& bytes, PixelEncoding encoding, std::int64_t length = -1) {
    test::write_file(folder_ / "file", bytes);
    DicomPixels& pixels = file_.header.pixels;
    pixels.encoding = encoding;
    pixels.rows = 4;
    pixels.columns = 6;
    pixels.bits_allocated = 16;
    pixels.bits_stored = 12;
    pixels.high_bit = 11;
    pixels.length = length;
  }
  DicomFile& file() { return file_; }
  // The faults' codes, in order.
  std::vector<Fault> check() {
    const int descriptor = open((folder_ / "file").c_str(), O_RDONLY);
    check_pixel_data(descriptor, lseek(descriptor, 0, SEEK_END), file_);
    close(descriptor);
    std::vector<Fault> faults;
    for (const Finding& finding : file_.faults) faults.push_back(finding.fault);
    return faults;
  }

 private:
  test::TemporaryFolder folder_;
  DicomFile file_;
};

using Faults = std::vector<Fault>;

TEST(DicomFragments, NativePixelsHaveOneSizeOnly) {
  const std::string pixels(48, 'p');
  EXPECT_EQ(PixelDataOf(pixels, PixelEncoding::LittleEndian, 48).check(), Faults{});
  EXPECT_EQ(PixelDataOf(pixels, PixelEncoding::LittleEndian, 46).check(), Faults{Fault::TruncatedPixelData});
  EXPECT_EQ(PixelDataOf(pixels, PixelEncoding::LittleEndian, 50).check(), Faults{Fault::MalformedDicom});
  EXPECT_EQ(PixelDataOf(pixels.substr(1), PixelEncoding::LittleEndian, 48).check(), Faults{Fault::TruncatedPixelData});
  EXPECT_EQ(PixelDataOf(pixels, PixelEncoding::LittleEndian, -1).check(), Faults{Fault::MalformedDicom});
}

TEST(DicomFragments, FragmentsAreWholeUpToTheDelimiter) {
  const std::string stream = codestream(12), table = item("");
  const auto check = [](const std::string& bytes) { return PixelDataOf(bytes, PixelEncoding::Jpeg2000).check(); };
  EXPECT_EQ(check(table + item(stream) + kDelimiter), Faults{});
  EXPECT_EQ(check(table + item(stream)), Faults{Fault::TruncatedPixelData});
  EXPECT_EQ(check((table + item(stream)).substr(0, 50)), Faults{Fault::TruncatedPixelData});
  EXPECT_EQ(check(table + item(stream.substr(0, 48)) + kDelimiter), Faults{Fault::TruncatedPixelData});  // no EOC
  EXPECT_EQ(check(table + kDelimiter), Faults{Fault::MissingPixelData});
  EXPECT_EQ(check(table + "no item at all"), Faults{Fault::MalformedDicom});
}

TEST(DicomFragments, TheCodestreamAgreesWithTheHeader) {
  const auto check = [](const std::string& stream) {
    return PixelDataOf(item("") + item(stream) + kDelimiter, PixelEncoding::Jpeg2000).check();
  };
  EXPECT_EQ(check(codestream(12, true)), Faults{Fault::MalformedDicom});
  EXPECT_EQ(check(codestream(12, false, 7)), Faults{Fault::MalformedDicom});
  EXPECT_EQ(check(codestream(17)), Faults{Fault::MalformedDicom});
  EXPECT_EQ(check("\xFF\xD8 of JPEG, long enough to hold a SIZ segment \xFF\xD9"), Faults{Fault::MalformedDicom});
}

TEST(DicomFragments, WhatExpandsWithoutBoundIsRefused) {
  for (const PixelEncoding encoding :
       {PixelEncoding::Jpeg2000, PixelEncoding::JpegLs, PixelEncoding::Rle, PixelEncoding::Deflated}) {
    PixelDataOf data(item("") + item(codestream(12)) + kDelimiter, encoding);
    data.file().header.pixels.rows = data.file().header.pixels.columns = 65535;
    EXPECT_EQ(data.check(), Faults{Fault::TooLarge});
  }
  PixelDataOf deflated("", PixelEncoding::Deflated);
  deflated.file().header.pixels.frames = 1 << 24;
  EXPECT_EQ(deflated.check(), Faults{Fault::TooLarge});
}

// Frames as one fragment each, by the offset table, by where codestreams begin; and one frame too many.
TEST(DicomFragments, FramesAreToldApart) {
  const std::string a = codestream(12), b = codestream(12);  // 52 bytes each
  const std::string halves = item(a.substr(0, 30)) + item(a.substr(30)) + item(b.substr(0, 20)) + item(b.substr(20));
  const auto frames = [&](const std::string& table, const std::string& fragments, std::int64_t count) {
    PixelDataOf data(item(table) + fragments + kDelimiter, PixelEncoding::Jpeg2000);
    data.file().header.pixels.frames = count;
    return data.check();
  };
  EXPECT_EQ(frames("", item(a) + item(b), 2), Faults{});
  EXPECT_EQ(frames("", halves, 2), Faults{});
  EXPECT_EQ(frames(little(0) + little(68), halves, 2), Faults{});  // 8 + 30 + 8 + 22 bytes before the second
  EXPECT_EQ(frames(little(0) + little(60), halves, 2), Faults{});  // a wrong table: the markers tell
  EXPECT_EQ(frames("", item(a) + item(b), 3), Faults{Fault::TruncatedPixelData});
  EXPECT_EQ(frames("", item(a) + item(b.substr(0, 48)), 2), Faults{Fault::TruncatedPixelData});  // no EOC
}

TEST(DicomFragments, ACodestreamOfMoreBitsIsFollowed) {
  PixelDataOf data(item("") + item(codestream(16)) + kDelimiter, PixelEncoding::Jpeg2000);
  EXPECT_EQ(data.check(), Faults{});
  EXPECT_EQ(data.file().header.pixels.bits_stored, 16);
  EXPECT_EQ(data.file().header.pixels.high_bit, 15);
  EXPECT_EQ(data.file().notes.size(), 1U);
}

TEST(DicomFragments, FindsPixelDataBeforeOrAfterItsHead) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "file", "xxxx" + std::string("\xE0\x7F\x10\x00OW\0\0", 8) + little(48) + "pixels");
  const int descriptor = open((folder / "file").c_str(), O_RDONLY);
  for (const std::int64_t position : {4, 16}) {
    const PixelDataPlace place = find_pixel_data(descriptor, position, true, false);
    EXPECT_TRUE(place.found);
    EXPECT_EQ(place.offset, 16);
    EXPECT_EQ(place.length, 48);
  }
  EXPECT_FALSE(find_pixel_data(descriptor, 0, true, false).found);
  EXPECT_FALSE(find_pixel_data(descriptor, 4, true, true).found);
  close(descriptor);
}

}  // namespace
}  // namespace ctforge::io
