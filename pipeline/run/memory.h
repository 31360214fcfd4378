// How much memory this process uses, by the kernel's account and that of the device's allocator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ctforge::pipeline {

struct MemoryUse {
  std::int64_t resident_bytes = 0;  // now, on the host
  std::int64_t peak_bytes = 0;      // the most since the last reset_peak_memory()
  // Held by LibTorch's allocator on the device for tensors; nothing on the CPU and before LibTorch 2.9.
  std::optional<std::int64_t> device_bytes, device_peak_bytes;
};

// device: "cpu", "cuda" or "cuda:1".
MemoryUse memory_use(const std::string& device);
void reset_peak_memory(const std::string& device);

// A training step asks for the same large blocks again and again. Left to its defaults, glibc returns each to the
// kernel and faults its pages in anew, a third of the autoencoder's time: from now on what is freed is kept.
void keep_freed_memory();

// While it lives freed blocks go back to the kernel, so that a process holds what it uses and no holes between: those
// would cost gradient checkpointing half of what it saves.
class ReturnFreedMemory {
 public:
  ReturnFreedMemory();
  ~ReturnFreedMemory();
  ReturnFreedMemory(const ReturnFreedMemory&) = delete;
  ReturnFreedMemory& operator=(const ReturnFreedMemory&) = delete;
};

}  // namespace ctforge::pipeline
