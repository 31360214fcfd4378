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

}  // namespace ctforge::pipeline
