// Central directory, local headers and deflate, with every offset and length checked against the file.
#include "io/file/zip_members.h"

#include "io/file/fault.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include <zlib.h>

namespace ctforge::io {

namespace {

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr std::size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20;
constexpr std::uint64_t kMembersLimit = 4096;
constexpr std::uint64_t kDeflateRatio = 1032;  // what a byte of deflate can become at most
constexpr std::uint32_t kNoSize = 0xFFFFFFFF;  // the size is in the extra field

[[noreturn]] void refuse(Fault fault, const std::string& what) { throw DataError(fault, "zip file: " + what); }

// Little-endian numbers anywhere in the file; throws instead of reading beyond it.
class Bytes {
 public:
  explicit Bytes(std::string_view file) : file_(file) {}
  std::uint64_t number(std::uint64_t at, std::size_t width) const {
    const std::string_view bytes = part(at, width);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i)
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return value;
  }
  std::string_view part(std::uint64_t at, std::uint64_t size) const {
    if (at > file_.size() || size > file_.size() - at) refuse(Fault::TruncatedFile, "it ends before what it lists");
    return file_.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(size));
  }

 private:
  std::string_view file_;
};

struct Directory {
  std::uint64_t count = 0, size = 0, start = 0;
};

// The end record stands last, before a comment of at most 65535 bytes.
Directory directory_of(std::string_view file) {
  const Bytes bytes(file);
  if (file.size() < kEndSize) refuse(Fault::InvalidHeader, "it is too short to be one");
  const std::size_t last = file.size() - kEndSize, first = last > 0xFFFF ? last - 0xFFFF : 0;
  for (std::size_t at = last + 1; at-- > first;) {
    if (bytes.number(at, 4) != kEnd) continue;
    Directory directory{bytes.number(at + 10, 2), bytes.number(at + 12, 4), bytes.number(at + 16, 4)};
    if (bytes.number(at + 4, 2) != 0) refuse(Fault::UnsupportedFormat, "it lies on several disks");
    const bool longer = directory.start == kNoSize || directory.size == kNoSize || directory.count == 0xFFFF;
    if (longer && at >= kLocatorSize && bytes.number(at - kLocatorSize, 4) == kLocator64) {
      const std::uint64_t record = bytes.number(at - kLocatorSize + 8, 8);
      bytes.part(record, kEnd64Size);
      if (bytes.number(record, 4) != kEnd64) refuse(Fault::InvalidHeader, "its zip64 record is not where it says");
      directory = {bytes.number(record + 32, 8), bytes.number(record + 40, 8), bytes.number(record + 48, 8)};
    }
    bytes.part(directory.start, directory.size);
    if (directory.count > kMembersLimit) refuse(Fault::TooLarge, "more than 4096 members");
    return directory;
  }
  refuse(Fault::InvalidHeader, "it has no central directory");
}

// Sizes that do not fit 32 bits stand in the extra field of id 1, in this order and only those.
void take_long_sizes(const Bytes& bytes, std::uint64_t at, std::uint64_t length, ZipMember& member) {
  const std::uint64_t end = at + length;
  while (at + 4 <= end) {
    const std::uint64_t id = bytes.number(at, 2), size = bytes.number(at + 2, 2);
    std::uint64_t field = at + 4;
    const std::uint64_t stop = std::min(end, field + size);
    if (id == 1) {
      for (std::uint64_t* value : {&member.size, &member.packed, &member.header}) {
        if (*value != kNoSize) continue;
        if (field + 8 > stop) refuse(Fault::InvalidHeader, "a zip64 field is too short");
        *value = bytes.number(field, 8);
        field += 8;
      }
      return;
    }
    at = stop;
  }
}

void check(const ZipMember& member, std::uint64_t file_size) {
  if (member.packed > file_size) refuse(Fault::TruncatedFile, "a member is larger than the file");
  if (!member.deflated && member.packed != member.size) refuse(Fault::InvalidHeader, "a stored member has two sizes");
  if (member.deflated && member.size / kDeflateRatio > member.packed)
    refuse(Fault::TooLarge, "a member is said to expand further than deflate can");
}

std::string inflated(std::string_view packed, std::uint64_t size) {
  std::string out(static_cast<std::size_t>(size), '\0');
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  std::size_t read = 0, written = 0;
  int state = Z_OK;
  constexpr std::size_t kPiece = std::size_t{1} << 30;  // zlib counts in 32 bits
  while (state == Z_OK) {
    stream.avail_in = static_cast<uInt>(std::min(kPiece, packed.size() - read));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + read));
    stream.avail_out = static_cast<uInt>(std::min(kPiece, out.size() - written));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    const std::size_t given = stream.avail_in, room = stream.avail_out;
    state = inflate(&stream, Z_NO_FLUSH);
    read += given - stream.avail_in;
    written += room - stream.avail_out;
    if (state == Z_OK && given == stream.avail_in && room == stream.avail_out) break;  // neither moves
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END || written != out.size()) refuse(Fault::TruncatedFile, "a member is damaged or cut short");
  return out;
}

std::uint32_t checksum(std::string_view bytes) {
  uLong sum = crc32_z(0, nullptr, 0);
  return static_cast<std::uint32_t>(crc32_z(sum, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void put(std::string& bytes, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFFU);
}

// What local and central headers share, from the version needed to the length of the name.
void put_common(std::string& bytes, const std::string& name, const std::string& data) {
  constexpr std::uint64_t kVersion = 20, kFirstOf1980 = 0x21;  // the earliest date there is
  put(bytes, kVersion, 2);
  put(bytes, 0, 2);  // flags
  put(bytes, 0, 2);  // stored
  put(bytes, 0, 2);
  put(bytes, kFirstOf1980, 2);
  put(bytes, checksum(data), 4);
  put(bytes, data.size(), 4);
  put(bytes, data.size(), 4);
  put(bytes, name.size(), 2);
  put(bytes, 0, 2);  // extra field
}

}  // namespace

std::vector<ZipMember> zip_members(std::string_view file) {
  const Bytes bytes(file);
  const Directory directory = directory_of(file);
  std::vector<ZipMember> members;
  std::uint64_t at = directory.start;
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    bytes.part(at, kCentralSize);
    if (bytes.number(at, 4) != kCentral) refuse(Fault::InvalidHeader, "its central directory is damaged");
    const std::uint64_t flags = bytes.number(at + 8, 2), method = bytes.number(at + 10, 2);
    if ((flags & 1U) != 0) refuse(Fault::UnsupportedFormat, "an encrypted member");
    if (method != 0 && method != 8) refuse(Fault::UnsupportedFormat, "a member neither stored nor deflated");
    const std::uint64_t name = bytes.number(at + 28, 2), extra = bytes.number(at + 30, 2),
                        comment = bytes.number(at + 32, 2);
    ZipMember member;
    member.name = bytes.part(at + kCentralSize, name);
    member.deflated = method == 8;
    member.crc32 = static_cast<std::uint32_t>(bytes.number(at + 16, 4));
    member.packed = bytes.number(at + 20, 4);
    member.size = bytes.number(at + 24, 4);
    member.header = bytes.number(at + 42, 4);
    bytes.part(at + kCentralSize + name, extra);
    take_long_sizes(bytes, at + kCentralSize + name, extra, member);
    check(member, file.size());
    members.push_back(std::move(member));
    at += kCentralSize + name + extra + comment;
  }
  return members;
}

std::string unpacked(std::string_view file, const ZipMember& member) {
  const Bytes bytes(file);
  check(member, file.size());
  bytes.part(member.header, kLocalSize);
  if (bytes.number(member.header, 4) != kLocal) refuse(Fault::InvalidHeader, "a member is not where it says");
  const std::uint64_t start =
      member.header + kLocalSize + bytes.number(member.header + 26, 2) + bytes.number(member.header + 28, 2);
  const std::string_view packed = bytes.part(start, member.packed);
  std::string data = member.deflated ? inflated(packed, member.size) : std::string(packed);
  if (checksum(data) != member.crc32) refuse(Fault::TruncatedFile, "the checksum of a member does not match");
  return data;
}

std::string zip_stored(const std::map<std::string, std::string>& members) {
  std::string file, central;
  for (const auto& [name, data] : members) {
    if (file.size() + data.size() >= std::numeric_limits<std::uint32_t>::max() || name.size() > 0xFFFF)
      throw std::invalid_argument("a zip file beyond 4 GB");
    const std::size_t start = file.size();
    put(file, kLocal, 4);
    put_common(file, name, data);
    file += name + data;
    put(central, kCentral, 4);
    put(central, 20, 2);  // made by
    put_common(central, name, data);
    put(central, 0, 6);  // comment, disk, internal attributes
    put(central, 0, 4);  // external attributes
    put(central, start, 4);
    central += name;
  }
  const std::size_t start = file.size();
  file += central;
  put(file, kEnd, 4);
  put(file, 0, 4);  // disks
  put(file, members.size(), 2);
  put(file, members.size(), 2);
  put(file, central.size(), 4);
  put(file, start, 4);
  put(file, 0, 2);  // comment
  return file;
}

}  // namespace ctforge::io
