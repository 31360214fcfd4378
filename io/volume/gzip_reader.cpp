// Gzip through zlib, which reads plain files unchanged.
#include "io/volume/gzip_reader.h"

#include "io/file/fault.h"

#include <algorithm>

#include <zlib.h>

namespace ctforge::io {

struct GzipReader::State {
  gzFile file = nullptr;
  ~State() {
    if (file != nullptr) gzclose_r(file);
  }
};

GzipReader::GzipReader(const std::filesystem::path& path) : state_(std::make_unique<State>()) {
  state_->file = gzopen(path.c_str(), "rbe");
  if (state_->file == nullptr) throw DataError(Fault::Unreadable, "a file cannot be opened");
  gzbuffer(state_->file, 1 << 18);
}

GzipReader::~GzipReader() = default;

bool GzipReader::compressed() const { return gzdirect(state_->file) == 0; }

std::size_t GzipReader::read(std::span<std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const std::size_t piece = std::min<std::size_t>(bytes.size() - done, 1U << 30);
    const int got = gzread(state_->file, bytes.data() + done, static_cast<unsigned>(piece));
    if (got < 0) throw DataError(Fault::TruncatedFile, "the compressed stream is damaged or cut short");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  int error = Z_OK;
  gzerror(state_->file, &error);
  if (error != Z_OK && error != Z_STREAM_END)
    throw DataError(Fault::TruncatedFile, "the compressed stream is damaged or cut short");
  return done;
}

}  // namespace ctforge::io
