// Reading a DICOM file's header with DCMTK so that no file can take the process down. Included by io's sources only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

namespace ctforge::io {

// What of a data set lies before its PixelData. Values longer than kLongestAttribute stay in the file until they are
// asked for.
struct ParsedDicom {
  std::unique_ptr<DcmFileFormat> file;
  std::int64_t stopped_at = 0;  // position in the file, as find_pixel_data() takes it
  bool whole = false;           // parsed without an error
};

// DCMTK goes down one call deeper for each sequence within a sequence, and expands a deflated data set without an end:
// parsing stops, and is not whole, where sequences are nested beyond any use (some 200 deep), and where a deflated data
// set has more than kMostDeflatedHeader bytes before its PixelData. Throws DataError(Unreadable).
inline constexpr std::int64_t kMostDeflatedHeader = 64 << 20;
ParsedDicom parse_to_pixels(const std::filesystem::path& path);
// Likewise, of the bytes of a whole file, which must outlive the result.
ParsedDicom parse_to_pixels(std::string_view bytes);

}  // namespace ctforge::io
