// The little of the zip format that NumPy's .npz files use (APPNOTE 6.3.10): a central directory of stored or deflated
// members, with zip64's longer fields.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ctforge::io {

struct ZipMember {
  std::string name;
  bool deflated = false;
  std::uint32_t crc32 = 0;
  std::uint64_t packed = 0, size = 0;  // bytes as they lie in the file, and unpacked
  std::uint64_t header = 0;            // where the member's own header starts
};

// The members that the central directory lists, each held against the file's size. Throws DataError: InvalidHeader,
// TruncatedFile, UnsupportedFormat for encryption, several disks and other compression, TooLarge for a member said to
// expand further than deflate can.
std::vector<ZipMember> zip_members(std::string_view file);
// A member's bytes, its checksum verified. Throws DataError as above.
std::string unpacked(std::string_view file, const ZipMember& member);

// A zip file of stored members in the order of their names, without times. Throws std::invalid_argument beyond 4 GB.
std::string zip_stored(const std::map<std::string, std::string>& members);

}  // namespace ctforge::io
