// A file opened for reading, closed when the object goes, whatever is thrown meanwhile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace ctforge::io {

// Bytes read there; fewer at the end of the file, none before its beginning.
std::size_t read_at(int descriptor, std::int64_t offset, std::span<unsigned char> bytes);

class FileDescriptor {
 public:
  // Throws DataError(Unreadable).
  explicit FileDescriptor(const std::filesystem::path& path);
  ~FileDescriptor();
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int get() const { return value_; }
  std::int64_t file_bytes() const;
  // Fills bytes from this offset of the file; false when it ends before that.
  bool read(std::int64_t offset, std::span<char> bytes) const;

 private:
  int value_;
};

}  // namespace ctforge::io
