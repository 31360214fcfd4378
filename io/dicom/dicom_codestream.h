// What the codestream of a compressed frame says of itself, held against the header before any codec sees it.
#pragma once

#include "io/dicom/dicom_fragments.h"
#include "io/dicom/dicom_header.h"
#include "io/volume/inventory.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace ctforge::io {

struct Codestream {
  std::int64_t width = 0, height = 0;
  int components = 0;
  int bits = 0;                   // of a sample
  std::optional<bool> is_signed;  // JPEG 2000 tells
};

// From the SIZ segment of JPEG 2000 (ISO/IEC 15444-1 A.5.1) or the frame header of JPEG and JPEG-LS (ITU T.81 B.2.2,
// T.87 C.2.2); nothing where there is none within the first 64 KiB.
std::optional<Codestream> read_codestream(int descriptor, const std::vector<Fragment>& frame, PixelEncoding encoding);

// What is wrong with a frame: no end marker, no codestream of its encoding, or one of another size, sign, number of
// components or size of a sample than the header tells, which codecs write past their buffer for. More bits than
// BitsStored are none of it while they fit. Of RLE, which says nothing, nothing is found.
std::optional<Finding> judge_codestream(int descriptor, const std::vector<Fragment>& frame, const DicomPixels& pixels);

}  // namespace ctforge::io
