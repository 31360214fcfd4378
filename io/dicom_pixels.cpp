// From stored pixel values to HU. DICOM PS3.3 C.11.1.1.2: output = slope * stored + intercept.
#include "io/dicom_pixels.h"

#include "io/dicom_attributes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include <fcntl.h>
#include <gdcmImage.h>
#include <gdcmImageReader.h>
#include <gdcmTrace.h>
#include <unistd.h>

namespace ctforge::io {

namespace {

// The number a bit pattern stands for: the bits from high_bit downwards, sign-extended when signed.
std::int32_t stored_value(std::uint32_t pattern, const DicomPixels& pixels) {
  const int shift = pixels.high_bit + 1 - pixels.bits_stored;
  const std::uint32_t mask = (1U << pixels.bits_stored) - 1U;
  const std::uint32_t value = (pattern >> shift) & mask;
  const std::uint32_t sign = 1U << (pixels.bits_stored - 1);
  if (pixels.is_signed && (value & sign) != 0)
    return static_cast<std::int32_t>(value) - static_cast<std::int32_t>(mask) - 1;
  return static_cast<std::int32_t>(value);
}

// A 16-bit attribute of the pixels' own type (US or SS).
std::int32_t attribute_value(std::uint16_t bits, const DicomPixels& pixels) {
  return pixels.is_signed ? std::bit_cast<std::int16_t>(bits) : static_cast<std::int32_t>(bits);
}

// Scanners also write padding beyond the stored bits (-2000 in an unsigned 12-bit image), so the whole pattern counts
// too.
bool is_padding(std::uint32_t pattern, std::int32_t value, const DicomPixels& pixels) {
  if (!pixels.padding) return false;
  const std::uint32_t whole = pixels.bits_allocated == 8 ? 0xFFU : 0xFFFFU;
  if (pattern == (*pixels.padding & whole)) return true;
  const std::int32_t first = attribute_value(*pixels.padding, pixels);
  const std::int32_t last = pixels.padding_limit ? attribute_value(*pixels.padding_limit, pixels) : first;
  return value >= std::min(first, last) && value <= std::max(first, last);
}

void read_native(const std::filesystem::path& path, const DicomPixels& pixels, std::vector<char>& stored) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw DataError(Fault::Unreadable, "a file cannot be opened");
  std::size_t done = 0;
  while (done < stored.size()) {
    const ssize_t got = pread(descriptor, stored.data() + done, stored.size() - done,
                              static_cast<off_t>(pixels.offset + static_cast<std::int64_t>(done)));
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  close(descriptor);
  if (done < stored.size()) throw DataError(Fault::TruncatedPixelData, "the file ends within its PixelData");
  if (pixels.encoding == PixelEncoding::BigEndian && pixels.bits_allocated == 16)
    for (std::size_t i = 0; i + 1 < stored.size(); i += 2) std::swap(stored[i], stored[i + 1]);
}

void read_compressed(const std::filesystem::path& path, const DicomPixels& pixels, std::vector<char>& stored) {
  gdcm::Trace::WarningOff();
  gdcm::Trace::ErrorOff();
  gdcm::ImageReader reader;
  reader.SetFileName(path.c_str());
  if (!reader.Read()) throw DataError(Fault::MalformedDicom, "the compressed PixelData cannot be read");
  const gdcm::Image& image = reader.GetImage();
  const unsigned int* size = image.GetDimensions();
  if (image.GetNumberOfDimensions() != 2 || size[0] != static_cast<unsigned>(pixels.columns) ||
      size[1] != static_cast<unsigned>(pixels.rows))
    throw DataError(Fault::MalformedDicom, "the compressed PixelData has another size than Rows x Columns");
  if (image.GetBufferLength() != stored.size())
    throw DataError(Fault::TruncatedPixelData, "the compressed PixelData expands to " +
                                                   std::to_string(image.GetBufferLength()) +
                                                   " bytes, Rows x Columns need " + std::to_string(stored.size()));
  if (!image.GetBuffer(stored.data()))
    throw DataError(Fault::TruncatedPixelData, "the compressed PixelData is damaged or cut short");
}

template <class Pattern>
std::int32_t look_up(const std::vector<char>& stored, const std::int32_t* table, std::span<std::int16_t> hu) {
  std::int32_t largest = 0;
  for (std::size_t i = 0; i < hu.size(); ++i) {
    Pattern pattern;
    std::memcpy(&pattern, stored.data() + i * sizeof pattern, sizeof pattern);
    const std::int32_t value = table[pattern];
    largest = std::max(largest, value);
    hu[i] = static_cast<std::int16_t>(value);
  }
  return largest;
}

}  // namespace

void read_deflated(const std::filesystem::path& path, std::vector<char>& stored) {
  DcmFileFormat file;
  DcmElement* element = nullptr;
  if (file.loadFile(OFFilename(path.c_str())).bad())
    throw DataError(Fault::TruncatedPixelData, "the deflated data set is damaged or cut short");
  if (file.getDataset()->findAndGetElement(DCM_PixelData, element).bad())
    throw DataError(Fault::MissingPixelData, "an image object without PixelData");
  const std::size_t bytes = element->getLength();
  if (bytes < stored.size() || bytes > stored.size() + 1)
    throw DataError(
        bytes < stored.size() ? Fault::TruncatedPixelData : Fault::MalformedDicom,
        "PixelData has " + std::to_string(bytes) + " bytes, its pixels need " + std::to_string(stored.size()));
  Uint16* words = nullptr;
  Uint8* octets = nullptr;
  if (element->getUint16Array(words).good() && words != nullptr)
    std::memcpy(stored.data(), words, stored.size());
  else if (element->getUint8Array(octets).good() && octets != nullptr)
    std::memcpy(stored.data(), octets, stored.size());
  else
    throw DataError(Fault::MalformedDicom, "PixelData has an unexpected value representation");
}

HuTable::HuTable(const DicomPixels& pixels) : rules_(pixels), entries_(pixels.bits_allocated == 8 ? 256 : 65536) {
  for (std::uint32_t pattern = 0; pattern < entries_.size(); ++pattern) {
    const std::int32_t value = stored_value(pattern, pixels);
    const double hu = std::round(pixels.slope * value + pixels.intercept);
    if (is_padding(pattern, value, pixels))
      entries_[pattern] = kPaddingHu;
    else
      entries_[pattern] = hu >= -32768 && hu <= 32767 ? static_cast<std::int32_t>(hu) : kOutOfRange;
  }
}

bool HuTable::fits(const DicomPixels& pixels) const {
  return rules_.bits_allocated == pixels.bits_allocated && rules_.bits_stored == pixels.bits_stored &&
         rules_.high_bit == pixels.high_bit && rules_.is_signed == pixels.is_signed && rules_.slope == pixels.slope &&
         rules_.intercept == pixels.intercept && rules_.padding == pixels.padding &&
         rules_.padding_limit == pixels.padding_limit;
}

void SliceDecoder::read_stored(const std::filesystem::path& path, const DicomPixels& pixels) {
  stored_.resize(static_cast<std::size_t>(pixels.slice_bytes()));
  if (is_native(pixels.encoding)) return read_native(path, pixels, stored_);
  if (pixels.encoding == PixelEncoding::Deflated) return read_deflated(path, stored_);
  read_compressed(path, pixels, stored_);
}

void SliceDecoder::decode(const std::filesystem::path& path, std::int64_t rows, std::int64_t columns,
                          std::span<std::int16_t> hu) {
  const DicomFile file = read_dicom_file(path);
  if (file.verdict != DicomVerdict::Image)
    throw DataError(Fault::MalformedDicom, "the file changed since it was listed");
  if (!file.faults.empty()) throw DataError(file.faults.front().fault, file.faults.front().message);
  const DicomPixels& pixels = file.header.pixels;
  if (pixels.rows != rows || pixels.columns != columns)
    throw DataError(Fault::MixedSize, "Rows or Columns differ from those of the series");
  read_stored(path, pixels);
  if (table_.empty() || !table_.front().fits(pixels)) table_.assign(1, HuTable(pixels));
  const std::int32_t* table = table_.front().entries().data();
  const std::int32_t largest = pixels.bits_allocated == 8 ? look_up<std::uint8_t>(stored_, table, hu)
                                                          : look_up<std::uint16_t>(stored_, table, hu);
  if (largest >= HuTable::kOutOfRange) throw DataError(Fault::HuOutOfRange, "pixels lie outside -32768 to 32767 HU");
}

}  // namespace ctforge::io
