// From stored pixel values to HU. DICOM PS3.3 C.11.1.1.2: output = slope * stored + intercept.
#include "io/dicom/dicom_pixels.h"

#include "io/dicom/dicom_attributes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include <gdcmImage.h>
#include <gdcmSequenceOfFragments.h>
#include <gdcmTrace.h>

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

void read_whole(const FileDescriptor& file, std::int64_t offset, std::span<char> bytes) {
  if (!file.read(offset, bytes)) throw DataError(Fault::TruncatedPixelData, "the file ends within its PixelData");
}

void swap_bytes(std::vector<char>& stored) {
  for (std::size_t i = 0; i + 1 < stored.size(); i += 2) std::swap(stored[i], stored[i + 1]);
}

gdcm::TransferSyntax::TSType gdcm_syntax(PixelEncoding encoding) {
  using Syntax = gdcm::TransferSyntax;
  switch (encoding) {
    case PixelEncoding::Rle:
      return Syntax::RLELossless;
    case PixelEncoding::Jpeg:
      return Syntax::JPEGLosslessProcess14_1;  // GDCM tells processes and precision from the codestream
    case PixelEncoding::JpegLs:
      return Syntax::JPEGLSLossless;
    default:
      return Syntax::JPEG2000Lossless;
  }
}

gdcm::Image gdcm_image(const DicomPixels& pixels) {
  gdcm::Image image;
  image.SetNumberOfDimensions(2);
  image.SetDimension(0, static_cast<unsigned>(pixels.columns));
  image.SetDimension(1, static_cast<unsigned>(pixels.rows));
  image.SetPixelFormat(gdcm::PixelFormat(
      1, static_cast<unsigned short>(pixels.bits_allocated), static_cast<unsigned short>(pixels.bits_stored),
      static_cast<unsigned short>(pixels.high_bit), static_cast<unsigned short>(pixels.is_signed ? 1 : 0)));
  image.SetPhotometricInterpretation(gdcm::PhotometricInterpretation::MONOCHROME2);
  image.SetTransferSyntax(gdcm_syntax(pixels.encoding));
  return image;
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

void decompress_frame(const FileDescriptor& file, const std::vector<Fragment>& fragments, const DicomPixels& pixels,
                      std::vector<char>& stored) {
  gdcm::Trace::WarningOff();
  gdcm::Trace::ErrorOff();
  std::int64_t total = 0;
  for (const Fragment& fragment : fragments) total += fragment.length;
  std::vector<char> codestream(static_cast<std::size_t>(total));
  std::size_t done = 0;
  for (const Fragment& fragment : fragments) {
    const auto length = static_cast<std::size_t>(fragment.length);
    read_whole(file, fragment.offset, std::span(codestream).subspan(done, length));
    done += length;
  }
  gdcm::SmartPointer<gdcm::SequenceOfFragments> sequence = new gdcm::SequenceOfFragments;
  gdcm::Fragment whole;
  whole.SetByteValue(codestream.data(), static_cast<std::uint32_t>(codestream.size()));
  sequence->AddFragment(whole);
  gdcm::DataElement element(gdcm::Tag(0x7FE0, 0x0010));
  element.SetVR(gdcm::VR::OB);
  element.SetValue(*sequence);
  gdcm::Image image = gdcm_image(pixels);
  image.SetDataElement(element);
  if (image.GetBufferLength() != stored.size() || !image.GetBuffer(stored.data()))
    throw DataError(Fault::TruncatedPixelData, "the compressed PixelData is damaged or cut short");
}

std::vector<char> read_deflated(const std::filesystem::path& path, std::size_t expected) {
  DcmFileFormat file;
  DcmElement* element = nullptr;
  if (file.loadFile(OFFilename(path.c_str())).bad())
    throw DataError(Fault::TruncatedPixelData, "the deflated data set is damaged or cut short");
  if (file.getDataset()->findAndGetElement(DCM_PixelData, element).bad())
    throw DataError(Fault::MissingPixelData, "an image object without PixelData");
  const std::size_t bytes = element->getLength();
  if (bytes < expected || bytes > expected + expected % 2)
    throw DataError(bytes < expected ? Fault::TruncatedPixelData : Fault::MalformedDicom,
                    "PixelData has " + std::to_string(bytes) + " bytes, its pixels need " + std::to_string(expected));
  std::vector<char> stored(expected);
  Uint16* words = nullptr;
  Uint8* octets = nullptr;
  if (element->getUint16Array(words).good() && words != nullptr)
    std::memcpy(stored.data(), words, stored.size());
  else if (element->getUint8Array(octets).good() && octets != nullptr)
    std::memcpy(stored.data(), octets, stored.size());
  else
    throw DataError(Fault::MalformedDicom, "PixelData has an unexpected value representation");
  return stored;
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

void SliceDecoder::open(const std::filesystem::path& path) {
  if (path == path_) return;
  path_.clear();
  fragments_.clear();
  inflated_.clear();
  file_ = read_dicom_file(path);
  if (file_.verdict != DicomVerdict::Image)
    throw DataError(Fault::MalformedDicom, "the file changed since it was listed");
  if (!file_.faults.empty()) throw DataError(file_.faults.front().fault, file_.faults.front().message);
  const DicomPixels& pixels = file_.header.pixels;
  if (is_encapsulated(pixels.encoding)) {
    const FileDescriptor file(path);
    std::vector<Finding> faults;
    fragments_ = find_frames(file.get(), pixels, file.file_bytes(), faults);
    if (!faults.empty()) throw DataError(faults.front().fault, faults.front().message);
  } else if (pixels.encoding == PixelEncoding::Deflated) {
    inflated_ = read_deflated(path, static_cast<std::size_t>(pixels.slice_bytes() * pixels.frames));
  }
  path_ = path;
}

void SliceDecoder::read_stored(std::size_t frame, const DicomPixels& pixels) {
  stored_.resize(static_cast<std::size_t>(pixels.slice_bytes()));
  const std::size_t offset = frame * stored_.size();
  if (pixels.encoding == PixelEncoding::Deflated) {
    std::memcpy(stored_.data(), inflated_.data() + offset, stored_.size());
    return;
  }
  const FileDescriptor file(path_);
  if (!is_native(pixels.encoding)) return decompress_frame(file, fragments_.at(frame), pixels, stored_);
  read_whole(file, pixels.offset + static_cast<std::int64_t>(offset), stored_);
  if (pixels.encoding == PixelEncoding::BigEndian && pixels.bits_allocated == 16) swap_bytes(stored_);
}

void SliceDecoder::decode(const std::filesystem::path& path, std::int64_t frame, std::int64_t rows,
                          std::int64_t columns, std::span<std::int16_t> hu) {
  open(path);
  const auto index = static_cast<std::size_t>(frame);
  if (frame < 0 || index >= file_.header.frames.size())
    throw DataError(Fault::MalformedDicom, "the file changed since it was listed");
  const DicomPixels pixels = file_.header.frame_pixels(index);
  if (pixels.rows != rows || pixels.columns != columns)
    throw DataError(Fault::MixedSize, "Rows or Columns differ from those of the series");
  read_stored(index, pixels);
  if (table_.empty() || !table_.front().fits(pixels)) table_.assign(1, HuTable(pixels));
  const std::int32_t* table = table_.front().entries().data();
  const std::int32_t largest = pixels.bits_allocated == 8 ? look_up<std::uint8_t>(stored_, table, hu)
                                                          : look_up<std::uint16_t>(stored_, table, hu);
  if (largest >= HuTable::kOutOfRange) throw DataError(Fault::HuOutOfRange, "pixels lie outside -32768 to 32767 HU");
}

}  // namespace ctforge::io
