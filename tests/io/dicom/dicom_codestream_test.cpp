// Frame headers of each codec, and codestreams that are not what the header says.
#include "io/dicom/dicom_codestream.h"

#include "io/file/file_descriptor.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

std::string big16(int value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)}; }

// SOI, a comment, the frame header, a scan and EOI.
std::string jpeg(int marker, int bits, int height, int width, int components = 1) {
  return std::string("\xFF\xD8\xFF\xFE") + big16(6) + "text\xFF" + static_cast<char>(marker) +
         big16(8 + 3 * components) + static_cast<char>(bits) + big16(height) + big16(width) +
         static_cast<char>(components) + std::string(3 * static_cast<std::size_t>(components), '\1') + "\xFF\xDA" +
         big16(2) + "scan" + "\xFF\xD9";
}

std::string jpeg2000(int bits, int components, int height, int width) {
  std::string bytes("\xFF\x4F\xFF\x51\x00\x29\x00\x00", 8);
  for (const int value : {width, height, 0, 0, width, height, 0, 0}) bytes += std::string(2, '\0') + big16(value);
  return bytes + big16(components) + static_cast<char>(bits - 1) + "\1\1 data \xFF\xD9";
}

class Frame {
 public:
  // In two fragments, cut anywhere.
  Frame(const std::string& bytes, PixelEncoding encoding) {
    test::write_file(folder_ / "f", bytes);
    const auto cut = static_cast<std::int64_t>(bytes.size() / 3);
    fragments_ = {{0, cut}, {cut, static_cast<std::int64_t>(bytes.size()) - cut}};
    pixels_.encoding = encoding;
    pixels_.rows = 4;
    pixels_.columns = 6;
    pixels_.bits_allocated = 16;
    pixels_.bits_stored = 12;
  }
  std::optional<Codestream> read() const {
    return read_codestream(FileDescriptor(folder_ / "f").get(), fragments_, pixels_.encoding);
  }
  std::optional<Fault> judge(int allocated = 16) {
    pixels_.bits_allocated = allocated;
    const auto finding = judge_codestream(FileDescriptor(folder_ / "f").get(), fragments_, pixels_);
    return finding ? std::optional(finding->fault) : std::nullopt;
  }

 private:
  test::TemporaryFolder folder_;
  std::vector<Fragment> fragments_;
  DicomPixels pixels_;
};

constexpr int kLossless = 0xC3, kBaseline = 0xC0, kJpegLs = 0xF7;

TEST(DicomCodestream, ReadsTheFrameHeaderOfEachCodec) {
  for (const auto& [bytes, encoding] : {std::pair{jpeg(kLossless, 12, 4, 6), PixelEncoding::Jpeg},
                                        {jpeg(kJpegLs, 12, 4, 6), PixelEncoding::JpegLs},
                                        {jpeg2000(12, 1, 4, 6), PixelEncoding::Jpeg2000}}) {
    Frame frame(bytes, encoding);
    const auto found = frame.read();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->height, 4);
    EXPECT_EQ(found->width, 6);
    EXPECT_EQ(found->components, 1);
    EXPECT_EQ(found->bits, 12);
    EXPECT_EQ(frame.judge(), std::nullopt);
    EXPECT_EQ(frame.judge(8), Fault::MalformedDicom);
  }
  EXPECT_EQ(Frame(jpeg(kBaseline, 8, 4, 6), PixelEncoding::Jpeg).judge(8), std::nullopt);
  EXPECT_EQ(Frame("anything", PixelEncoding::Rle).judge(), std::nullopt);
}

// Codecs decode these without a word: half the image lost, its lines shifted, or bytes written past the buffer.
TEST(DicomCodestream, AnotherImageThanTheHeaderTellsIsRefused) {
  EXPECT_EQ(Frame(jpeg(kJpegLs, 12, 8, 6), PixelEncoding::JpegLs).judge(), Fault::MalformedDicom);
  EXPECT_EQ(Frame(jpeg(kJpegLs, 12, 2, 12), PixelEncoding::JpegLs).judge(), Fault::MalformedDicom);
  EXPECT_EQ(Frame(jpeg(kLossless, 12, 4, 6, 3), PixelEncoding::Jpeg).judge(), Fault::MalformedDicom);
  EXPECT_EQ(Frame(jpeg2000(12, 3, 4, 6), PixelEncoding::Jpeg2000).judge(), Fault::MalformedDicom);
  EXPECT_EQ(Frame(jpeg2000(12, 1, 2, 12), PixelEncoding::Jpeg2000).judge(), Fault::MalformedDicom);
  EXPECT_EQ(Frame(jpeg2000(16, 1, 4, 6), PixelEncoding::Jpeg2000).judge(8), Fault::MalformedDicom);
  EXPECT_EQ(Frame(jpeg2000(12, 1, 4, 6), PixelEncoding::JpegLs).judge(), Fault::MalformedDicom);
  // A frame header that a reader of lengths jumps over, and one that it then finds.
  const std::string hidden = jpeg(kBaseline, 8, 64, 64), shown = jpeg(kBaseline, 8, 4, 6);
  EXPECT_EQ(Frame("\xFF\xD8\xFF\x01" + hidden.substr(2) + shown.substr(2), PixelEncoding::Jpeg).judge(8),
            Fault::MalformedDicom);
  std::string sparse = jpeg2000(12, 1, 4, 6);
  sparse[43] = 2;
  EXPECT_EQ(Frame(sparse, PixelEncoding::Jpeg2000).judge(), Fault::MalformedDicom);
  const std::string whole = jpeg(kJpegLs, 12, 4, 6);
  EXPECT_EQ(Frame(whole.substr(0, whole.size() - 2), PixelEncoding::JpegLs).judge(), Fault::TruncatedPixelData);
}

}  // namespace
}  // namespace ctforge::io
