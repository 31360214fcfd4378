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

// Whether somebody who is neither its owner nor of its group can come to the file: folders above it may keep him out.
bool others_can_reach(const fs::path& path) {
  std::error_code error;
  for (fs::path folder = fs::canonical(path, error).parent_path();; folder = folder.parent_path()) {
    const fs::perms open = fs::status(folder, error).permissions() & fs::perms::others_exec;
    if (!error && open == fs::perms::none) return false;
    if (folder == folder.parent_path()) return true;
  }
}

// A group may share a key: whom the group holds is the hospital's to say, who may log in is not.
void refuse_open_key(const fs::path& path) {
  std::error_code error;
  const fs::perms open = fs::status(path, error).permissions() & (fs::perms::others_read | fs::perms::others_write);
  if (!error && open != fs::perms::none && others_can_reach(path))
    throw ConfigError({{"configuration", "prepare.key_file",
                        "users outside its owner and group can read or change the key file, on which the patients' "
                        "pseudonyms depend: take that from them with chmod o-rwx"}});
}

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
  if (!file.empty()) {
    refuse_open_key(file);
    return read_key(file);
  }
  const fs::path path = out / "patient.key";
  if (!fs::exists(path)) make_key(path);
  return read_key(path);
}

}  // namespace ctforge::pipeline
