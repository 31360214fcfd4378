// The readable headers of NRRD and MetaImage files, checked before ITK is let at them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace ctforge::io {

struct TextHeader {
  bool nrrd = false;                          // else MetaImage
  std::map<std::string, std::string> fields;  // keys in lower case
  std::int64_t end = 0;                       // bytes before attached voxels
  std::filesystem::path data_file;            // where the voxels are: the file itself, or one beside it
  bool attached = true;
  bool raw = true;  // voxels are not compressed

  // Empty when absent.
  std::string field(const std::string& key) const;
};

// Throws DataError: Unreadable; InvalidHeader for another magic word, no end of the header, or what ITK would pass over
// in silence: no spacing, a space other than LPS, RAS or LAS, voxels outside the header's folder or in several files;
// InvalidRescale for a MetaImage that asks for its own intensity scale.
TextHeader read_text_header(const std::filesystem::path& path);

// Throws DataError(TruncatedFile) when uncompressed voxels need more bytes than there are.
void check_raw_length(const TextHeader& header, std::int64_t voxel_bytes);

// Throws DataError(TruncatedFile) when voxels compressed by zlib or gzip (RFC 1950, 1952) are damaged, cut short or of
// another size: MetaImage readers before ITK 5.3 take them as far as they go. Expands the stream in pieces, no further
// than voxel_bytes.
void check_compressed_length(const TextHeader& header, std::int64_t voxel_bytes);

}  // namespace ctforge::io
