// Sequential reading of a file that may be gzip-compressed, no further than asked.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace ctforge::io {

// Expands as it goes, so a small file that would expand to gigabytes costs only what is read of it.
class GzipReader {
 public:
  // Throws DataError(Unreadable).
  explicit GzipReader(const std::filesystem::path& path);
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  // Fills bytes as far as the file reaches; returns how many. Throws DataError(TruncatedFile) when the compressed
  // stream is damaged or ends early. At the end of a stream its checksum is verified.
  std::size_t read(std::span<std::byte> bytes);
  bool compressed() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ctforge::io
