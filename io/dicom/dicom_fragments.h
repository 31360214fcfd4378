// The value of PixelData as it lies in a file: where it begins, whether it is all there, what its first bytes promise.
#pragma once

#include "io/dicom/dicom_header.h"
#include "io/volume/inventory.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ctforge::io {

// Where a data set's PixelData (7FE0,0010) begins in the file.
struct PixelDataPlace {
  bool found = false;
  std::int64_t offset = 0;  // of the value
  std::int64_t length = 0;  // as declared; -1: undefined
};

// position: where DCMTK stopped on meeting the element, before or after its tag and length.
PixelDataPlace find_pixel_data(int descriptor, std::int64_t position, bool explicit_vr, bool big_endian);

// A piece of compressed PixelData.
struct Fragment {
  std::int64_t offset = 0;  // in the file
  std::int64_t length = 0;
};

// The fragments of each frame (PS3.5 A.4): one a frame, or as the basic offset table tells, or beginning where a
// codestream does. Empty, with a fault, when the sequence is broken or holds another number of frames.
std::vector<std::vector<Fragment>> find_frames(int descriptor, const DicomPixels& pixels, std::int64_t file_bytes,
                                               std::vector<Finding>& faults);

// Pixels of a slice, and bytes of all slices, that compressed and deflated data may expand to. A small file can claim
// any size; an uncompressed one can only hold what it has.
inline constexpr std::int64_t kMostCompressedPixels = std::int64_t{8192} * 8192;
inline constexpr std::int64_t kMostDeflatedBytes = 512LL << 20;

// Judges the PixelData of file.header.pixels without decoding it: native pixels must have exactly the size the header
// implies (one pad byte allowed) and lie within the file; encapsulated ones must be whole fragments up to the sequence
// delimiter (PS3.5 A.4), end with their codec's end marker, and agree with the header (judge_codestream). A codestream
// of more bits than BitsStored is followed, with a note (PS3.5 8.2.4). TooLarge beyond the limits above. Faults are
// appended to the file's.
void check_pixel_data(int descriptor, std::int64_t file_bytes, DicomFile& file);

}  // namespace ctforge::io
