// /proc/self/status and c10's allocators.
#include "pipeline/run/memory.h"

#include <algorithm>
#include <fstream>

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <torch/version.h>
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 9
#include <c10/core/CachingDeviceAllocator.h>
#define CTFORGE_HAS_DEVICE_ALLOCATOR
#endif

namespace ctforge::pipeline {

namespace {

#ifdef CTFORGE_HAS_DEVICE_ALLOCATOR
// None for the CPU, and before the device is first used.
c10::DeviceAllocator* allocator_of(const std::string& device) {
  if (c10::Device(device).is_cpu()) return nullptr;
  auto* found = dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(c10::Device(device).type()));
  return found != nullptr && found->initialized() ? found : nullptr;
}
c10::DeviceIndex index_of(const std::string& device) {
  return std::max<c10::DeviceIndex>(c10::Device(device).index(), 0);
}
constexpr auto kAllPools = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
#endif

}  // namespace

MemoryUse memory_use(const std::string& device) {
  MemoryUse use;
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::int64_t* const bytes = word == "VmRSS:" ? &use.resident_bytes : (word == "VmHWM:" ? &use.peak_bytes : nullptr);
    if (std::int64_t kilobytes = 0; bytes != nullptr && status >> kilobytes) *bytes = kilobytes * 1024;
    if (use.resident_bytes > 0 && use.peak_bytes > 0) break;
  }
#ifdef CTFORGE_HAS_DEVICE_ALLOCATOR
  if (auto* const allocator = allocator_of(device)) {
    const auto allocated = allocator->getDeviceStats(index_of(device)).allocated_bytes[kAllPools];
    use.device_bytes = allocated.current;
    use.device_peak_bytes = allocated.peak;
  }
#else
  static_cast<void>(device);
#endif
  return use;
}

void reset_peak_memory(const std::string& device) {
  std::ofstream("/proc/self/clear_refs") << "5";
#ifdef CTFORGE_HAS_DEVICE_ALLOCATOR
  if (auto* const allocator = allocator_of(device)) allocator->resetPeakStats(index_of(device));
#else
  static_cast<void>(device);
#endif
}

#ifdef __GLIBC__
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 1 << 26);
}

ReturnFreedMemory::ReturnFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 16);
  malloc_trim(0);
}
#else
void keep_freed_memory() {}
ReturnFreedMemory::ReturnFreedMemory() {}
#endif

ReturnFreedMemory::~ReturnFreedMemory() { keep_freed_memory(); }

}  // namespace ctforge::pipeline
