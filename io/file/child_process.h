// Running a program as a child whose death, hang or crash cannot harm this one, and memory shared with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

namespace ctforge::io {

// Anonymous shared memory (memfd), mapped here for reading and writing. Zero-filled pages appear when touched.
class SharedMemory {
 public:
  // Throws std::system_error.
  explicit SharedMemory(std::size_t bytes);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  std::span<std::byte> bytes() const { return {static_cast<std::byte*>(address_), size_}; }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
  void* address_ = nullptr;
  std::size_t size_ = 0;
};

struct ChildEnd {
  bool timed_out = false;    // killed by us after the time limit
  bool interrupted = false;  // killed by us because `interrupted` said so
  int signal = 0;            // that ended it; 0: it exited by itself
  int exit_code = 0;
};

inline constexpr int kFirstChildDescriptor = 3;

// Runs program without arguments until it ends or time_limit_s has passed. descriptors become 3, 4, ... in the child;
// its standard streams are /dev/null, because third-party libraries print file names and patients' data there. It runs
// in a process group of its own, so that an interrupt from the terminal reaches only us. `interrupted`, if given, is
// asked every tenth of a second. Throws std::system_error when the program cannot be started. Safe to call from several
// threads.
ChildEnd run_child(const std::filesystem::path& program, std::span<const int> descriptors, double time_limit_s,
                   const std::function<bool()>& interrupted = {});

}  // namespace ctforge::io
