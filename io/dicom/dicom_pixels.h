// The pixels of one DICOM slice as HU: uncompressed ones straight from the file, compressed ones through GDCM's codecs,
// which are given the codestream alone.
#pragma once

#include "io/dicom/dicom_fragments.h"
#include "io/dicom/dicom_header.h"
#include "io/file/file_descriptor.h"

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

// PixelData of a deflated data set, which must have the expected size or, where that is odd, a pad byte more. DCMTK
// expands it whole: for the child process, whose memory is limited. Throws DataError: TruncatedPixelData,
// MissingPixelData, MalformedDicom.
std::vector<char> read_deflated(const std::filesystem::path& path, std::size_t expected);

// One compressed frame of 8 or 16 bits a pixel through GDCM's codecs. stored: pixels.slice_bytes() bytes, little
// endian. For use in the child process, of frames that judge_codestream() finds nothing wrong with: GDCM writes as many
// bytes as the codestream tells. Throws DataError(TruncatedPixelData) when it cannot be decompressed.
void decompress_frame(const FileDescriptor& file, const std::vector<Fragment>& fragments, const DicomPixels& pixels,
                      std::vector<char>& stored);

// Decodes slices one after another, reusing its table, buffers and what it knows of the last file. For use in the child
// process: GDCM aborts on some malformed files.
class SliceDecoder {
 public:
  // frame: from 0, 0 for a file of one image. hu: rows x columns values. Throws DataError: what read_dicom_file() finds
  // wrong, MixedSize for another size, TruncatedPixelData, MalformedDicom when it cannot be decompressed, HuOutOfRange.
  void decode(const std::filesystem::path& path, std::int64_t frame, std::int64_t rows, std::int64_t columns,
              std::span<std::int16_t> hu);

 private:
  void open(const std::filesystem::path& path);
  void read_stored(std::size_t frame, const DicomPixels& pixels);
  std::filesystem::path path_;
  DicomFile file_;
  std::vector<std::vector<Fragment>> fragments_;  // of a compressed file, by frame
  std::vector<char> inflated_;                    // PixelData of a deflated file
  std::vector<char> stored_;                      // one frame
  std::vector<HuTable> table_;                    // none or one
};

}  // namespace ctforge::io
