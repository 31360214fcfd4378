// One process at a time owns a run's folder.
#pragma once

#include <filesystem>

namespace ctforge::pipeline {

// An exclusive lock on a folder for as long as the object lives; the kernel drops it when the process dies.
class FolderLock {
 public:
  // Throws ConfigError when another process holds it, or the folder cannot be written to.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  // Whether another process holds it at this moment; the folder need not exist. Asking keeps nobody out.
  static bool is_held(const std::filesystem::path& folder);
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace ctforge::pipeline
