// The lock as flock has it.
#include "pipeline/folder_lock.h"

#include "pipeline/config_tree.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace ctforge::pipeline {

FolderLock::FolderLock(const std::filesystem::path& folder, Mode mode)
    : descriptor_(::open((folder / ".ctforge.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  const int operation = mode == Mode::Shared ? LOCK_SH | LOCK_NB : mode == Mode::InTurn ? LOCK_EX : LOCK_EX | LOCK_NB;
  if (descriptor_ < 0 || ::flock(descriptor_, operation) != 0) {
    const bool readable = descriptor_ >= 0;
    if (readable) ::close(descriptor_);
    throw ConfigError(
        {{"--out", "",
          readable ? "another ctforge is working in this folder" : "the output folder cannot be written to"}});
  }
}

bool FolderLock::is_held(const std::filesystem::path& folder) {
  const int descriptor = ::open((folder / ".ctforge.lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return held;
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace ctforge::pipeline
