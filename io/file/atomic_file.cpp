// Atomic replacement: temporary file in the same folder, fsync, rename, fsync of the folder.
#include "io/file/atomic_file.h"

#include "io/file/fault.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace ctforge::io {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kLeftoverPrefix = ".ctforge-part-";

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

void sync(const fs::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) fail(errno, "cannot open for syncing");
  const int result = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  // Some file systems cannot sync a folder; the rename is then as durable as they make it.
  if (result != 0 && error != EINVAL && error != EROFS) fail(error, "cannot sync to disk");
}

}  // namespace

void write_atomically_by_name(const fs::path& path, const std::function<void(const fs::path&)>& write_to) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  fs::create_directories(folder);
  const fs::path part =
      folder / (std::string(kLeftoverPrefix) + std::to_string(::getpid()) + "-" + path.filename().string());
  try {
    write_to(part);
    sync(part, O_RDONLY);
    fs::rename(part, path);
  } catch (...) {
    std::error_code ignored;
    fs::remove(part, ignored);
    throw;
  }
  sync(folder, O_RDONLY | O_DIRECTORY);
}

void write_atomically(const fs::path& path, const std::function<void(std::ostream&)>& write) {
  write_atomically_by_name(path, [&](const fs::path& part) {
    errno = 0;
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    if (out) write(out);
    out.close();
    if (!out) fail(errno != 0 ? errno : EIO, "cannot write " + path.filename().string());
  });
}

void write_atomically(const fs::path& path, std::string_view bytes) {
  write_atomically(path,
                   [&](std::ostream& out) { out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())); });
}

void link_or_copy(const fs::path& from, const fs::path& to) {
  fs::create_directories(to.parent_path());
  fs::remove(to);
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (error) write_atomically_by_name(to, [&](const fs::path& part) { fs::copy_file(from, part); });
}

int remove_leftovers(const fs::path& folder) {
  int removed = 0;
  if (!fs::is_directory(folder)) return 0;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(kLeftoverPrefix)) removed += fs::remove(entry.path()) ? 1 : 0;
  return removed;
}

std::string read_whole_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw DataError(Fault::Unreadable, "a file cannot be opened");
  std::error_code unknown;  // of what is no regular file
  const std::uintmax_t size = fs::file_size(path, unknown);
  std::string bytes(unknown ? 0 : size, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  if (in) bytes.append(std::istreambuf_iterator<char>(in), {});  // of a file that has grown, or whose size is not told
  if (in.bad()) throw DataError(Fault::Unreadable, "a file cannot be read");
  return bytes;
}

}  // namespace ctforge::io
