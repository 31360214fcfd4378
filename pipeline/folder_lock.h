// One process at a time owns a run's folder.
#pragma once

#include <filesystem>

namespace ctforge::pipeline {

// A lock on a folder for as long as the object lives; the kernel drops it when the process dies.
class FolderLock {
 public:
  enum class Mode {
    Alone,   // nobody else may hold it
    Shared,  // nobody may hold it alone: processes that each do a part of a stage
    InTurn,  // as Alone, waiting for those before
  };
  // Throws ConfigError when another process holds it so that this one may not, or the folder cannot be written to.
  explicit FolderLock(const std::filesystem::path& folder, Mode mode = Mode::Alone);
  ~FolderLock();
  // Whether another process holds it at this moment; the folder need not exist. Asking keeps nobody out.
  static bool is_held(const std::filesystem::path& folder);
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace ctforge::pipeline
