// Reading or making the key of the pseudonyms.
#include "pipeline/prepare/patient_key.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "pipeline/config/config_tree.h"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

namespace ctforge::pipeline {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kLeastBytes = 16;

std::string read_key(const fs::path& path) {
  std::string key;
  try {
    key = io::read_whole_file(path);
  } catch (const io::DataError&) {
    throw ConfigError({{"configuration", "prepare.key_file", "the key file cannot be read"}});
  }
  if (key.size() < kLeastBytes)
    throw ConfigError({{"configuration", "prepare.key_file",
                        "a key of " + std::to_string(key.size()) + " bytes; at least 16 are needed to hide patients"}});
  return key;
}

void make_key(const fs::path& path) {
  std::array<char, kKeyBytes> key;
  if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size()))
    throw std::system_error(errno, std::generic_category(), "no random bytes for the patients' key");
  io::write_atomically_by_name(path, [&](const fs::path& part) {
    // The permissions are there before the first byte is.
    const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool written =
        descriptor >= 0 && ::write(descriptor, key.data(), key.size()) == static_cast<ssize_t>(key.size());
    const int error = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (!written) throw std::system_error(error, std::generic_category(), "cannot write the patients' key");
  });
}

}  // namespace

std::string patient_key(const fs::path& file, const fs::path& out) {
  if (!file.empty()) return read_key(file);
  const fs::path path = out / "patient.key";
  if (!fs::exists(path)) make_key(path);
  return read_key(path);
}

}  // namespace ctforge::pipeline
