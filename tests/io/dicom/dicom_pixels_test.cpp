// HU of bit patterns, worked out by hand.
#include "io/dicom/dicom_pixels.h"

#include "tests/io/dicom/dicom_samples.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

DicomPixels twelve_bits(bool is_signed) {
  DicomPixels pixels;
  pixels.bits_allocated = 16;
  pixels.bits_stored = 12;
  pixels.high_bit = 11;
  pixels.is_signed = is_signed;
  return pixels;
}

TEST(DicomPixels, SignExtendsAndIgnoresHighBits) {
  EXPECT_EQ(HuTable(twelve_bits(true)).entries()[0x0FFF], -1);
  EXPECT_EQ(HuTable(twelve_bits(true)).entries()[0xF001], 1);
  EXPECT_EQ(HuTable(twelve_bits(false)).entries()[0x0FFF], 4095);
}

// -2000 written as 16 bits into an unsigned 12-bit image.
TEST(DicomPixels, PaddingBeyondTheStoredBitsIsAir) {
  DicomPixels pixels = twelve_bits(false);
  pixels.intercept = -1024;
  pixels.padding = 0xF830;
  EXPECT_EQ(HuTable(pixels).entries()[0xF830], HuTable::kPaddingHu);
  EXPECT_EQ(HuTable(pixels).entries()[0x0400], 0);
}

// Likewise signed, and as the 12 bits of a signed image.
TEST(DicomPixels, PaddingOfSignedPixelsIsAir) {
  DicomPixels pixels = twelve_bits(true);
  pixels.padding = 0xF830;
  EXPECT_EQ(HuTable(pixels).entries()[0xF830], HuTable::kPaddingHu);
  EXPECT_EQ(HuTable(pixels).entries()[0x0830], HuTable::kPaddingHu);
  EXPECT_EQ(HuTable(pixels).entries()[0x0831], -1999);
}

TEST(DicomPixels, MarksWhatDoesNotFit) {
  DicomPixels pixels = twelve_bits(false);
  pixels.slope = 10;
  EXPECT_EQ(HuTable(pixels).entries()[4095], HuTable::kOutOfRange);
}

TEST(DicomPixels, RefusesAnotherSize) {
  const test::TemporaryFolder folder;
  const auto files = test::write_sample_series(folder.path(), 1);
  std::vector<std::int16_t> hu(24);
  SliceDecoder decoder;
  decoder.decode(files[0], 0, test::kSampleRows, test::kSampleColumns, hu);
  EXPECT_EQ(hu[5], 1005 - 1024);
  EXPECT_THROW(decoder.decode(files[0], 0, 3, 8, hu), DataError);
  EXPECT_THROW(decoder.decode(files[0], 1, test::kSampleRows, test::kSampleColumns, hu), DataError);
}

}  // namespace
}  // namespace ctforge::io
