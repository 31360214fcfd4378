// The pixels of one DICOM slice as HU: uncompressed ones straight from the file, compressed ones through GDCM.
#pragma once

#include "io/dicom_header.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace ctforge::io {

// HU of every stored bit pattern, as one table: exact for any slope and intercept (in double, rounded to the nearest
// integer, halves away from zero). Patterns of padding (PixelPaddingValue, PS3.3 C.7.5.1.1.2) become kPaddingHu.
class HuTable {
 public:
  static constexpr std::int16_t kPaddingHu = -1024;     // air
  static constexpr std::int32_t kOutOfRange = 1 << 20;  // entry of a pattern whose HU do not fit int16

  explicit HuTable(const DicomPixels& pixels);
  bool fits(const DicomPixels& pixels) const;  // whether it was made for the same rules
  // entries()[pattern], 256 or 65536 of them.
  const std::vector<std::int32_t>& entries() const { return entries_; }

 private:
  DicomPixels rules_;
  std::vector<std::int32_t> entries_;
};

// PixelData of a deflated data set, which must have the size of stored or a pad byte more. DCMTK expands it whole: for
// the child process, whose memory is limited. Throws DataError: TruncatedPixelData, MissingPixelData, MalformedDicom.
void read_deflated(const std::filesystem::path& path, std::vector<char>& stored);

// Decodes slices one after another, reusing its table and buffer. For use in the child process: GDCM aborts on some
// malformed files.
class SliceDecoder {
 public:
  // hu: rows x columns values. Throws DataError: what read_dicom_file() finds wrong, MixedSize for another size,
  // TruncatedPixelData, MalformedDicom when it cannot be decompressed, HuOutOfRange.
  void decode(const std::filesystem::path& path, std::int64_t rows, std::int64_t columns, std::span<std::int16_t> hu);

 private:
  void read_stored(const std::filesystem::path& path, const DicomPixels& pixels);
  std::vector<char> stored_;
  std::vector<HuTable> table_;  // none or one
};

}  // namespace ctforge::io
