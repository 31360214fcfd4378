// One process at a time owns a run's folder.
#pragma once

#include <filesystem>
#include <string>

namespace ctforge::pipeline {

// A lock (flock) on DIR/.ctforge.lock for as long as the object lives; the kernel drops it when the process dies, on
// local file systems, NFSv4, Lustre and GPFS for every node that has them mounted. The file tells who holds the lock
// alone; one whose lock is free is of a process that died, and is taken over.
class FolderLock {
 public:
  enum class Mode {
    Alone,   // nobody else may hold it
    Shared,  // nobody may hold it alone: processes that each do a part of a stage
    InTurn,  // as Alone, waiting for those before
  };
  // Throws ConfigError when another process holds it so that this one may not, naming host, process, job and start as
  // one that holds it alone wrote them; when the folder cannot be written to; and when its file system has no locks.
  explicit FolderLock(const std::filesystem::path& folder, Mode mode = Mode::Alone,
                      const std::string& file = ".ctforge.lock");
  ~FolderLock();
  // Whether another process holds it at this moment; the folder need not exist. Asking keeps nobody out.
  static bool is_held(const std::filesystem::path& folder);
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  bool alone_;
  int descriptor_;
};

}  // namespace ctforge::pipeline
