// One process at a time owns a run's folder.
#pragma once

#include <filesystem>

namespace ctforge::pipeline {

// An exclusive lock (flock) on DIR/.ctforge.lock for as long as the object lives; the kernel drops it when the process
// dies, on local file systems, NFSv4, Lustre and GPFS for every node that has them mounted. The file tells who holds
// the lock; one whose lock is free is of a process that died, and is taken over.
class FolderLock {
 public:
  // Throws ConfigError when another process holds it, naming host, process, job and start as the holder wrote them;
  // when the folder cannot be written to; and when its file system has no locks.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace ctforge::pipeline
