// DICOM transfer syntaxes: how the pixels of a file are encoded, and which encodings are read.
#pragma once

#include <string>
#include <string_view>

namespace ctforge::io {

enum class PixelEncoding { LittleEndian, BigEndian, Deflated, Rle, Jpeg, JpegLs, Jpeg2000, Unsupported };

// DICOM PS3.6 table A-1.
struct TransferSyntax {
  std::string_view uid;
  std::string_view name;
  PixelEncoding encoding;
  bool lossy = false;
};

// The entry of this UID. One that is not listed is Unsupported and has the name "unknown"; its uid stays empty.
const TransferSyntax& find_transfer_syntax(std::string_view uid);

// True for the encodings whose PixelData is the bare array of pixels in the file.
bool is_native(PixelEncoding encoding);
// True for the encodings whose PixelData is a sequence of fragments (PS3.5 annex A.4).
bool is_encapsulated(PixelEncoding encoding);

// "1.2.840.10008.1.2.4.53 (JPEG spectral selection, retired)". A UID that is not in the table may identify somebody and
// is not repeated.
std::string describe_transfer_syntax(std::string_view uid);

}  // namespace ctforge::io
