// The lock as flock has it.
#include "pipeline/folder_lock.h"

#include "pipeline/config_tree.h"

#include <cerrno>
#include <chrono>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace ctforge::pipeline {

namespace {

// Who only asks (is_held) holds the lock for microseconds, and must not keep a job from starting.
bool lock_soon(int descriptor, int operation) {
  for (int tries = 0; ::flock(descriptor, operation) != 0; ++tries) {
    if (errno != EWOULDBLOCK || tries == 20) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder, Mode mode)
    : descriptor_(::open((folder / ".ctforge.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  const int operation = mode == Mode::Shared ? LOCK_SH | LOCK_NB : mode == Mode::InTurn ? LOCK_EX : LOCK_EX | LOCK_NB;
  if (descriptor_ < 0 || !lock_soon(descriptor_, operation)) {
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
  const bool held = ::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return held;
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace ctforge::pipeline
