// Opening, reading at a place and closing.
#include "io/file/file_descriptor.h"

#include "io/file/fault.h"

#include <fcntl.h>
#include <unistd.h>

namespace ctforge::io {

FileDescriptor::FileDescriptor(const std::filesystem::path& path) : value_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (value_ < 0) throw DataError(Fault::Unreadable, "a file cannot be opened");
}

FileDescriptor::~FileDescriptor() { close(value_); }

std::int64_t FileDescriptor::file_bytes() const { return lseek(value_, 0, SEEK_END); }

bool FileDescriptor::read(std::int64_t offset, std::span<char> bytes) const {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got =
        pread(value_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset) + static_cast<off_t>(done));
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

std::size_t read_at(int descriptor, std::int64_t offset, std::span<unsigned char> bytes) {
  if (offset < 0) return 0;
  const ssize_t got = pread(descriptor, bytes.data(), bytes.size(), offset);
  return got < 0 ? 0 : static_cast<std::size_t>(got);
}

}  // namespace ctforge::io
