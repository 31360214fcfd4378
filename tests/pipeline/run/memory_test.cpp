// What the kernel says of memory that was just taken.
#include "pipeline/run/memory.h"

#include <vector>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

// The address sanitizer keeps what is freed, to find who still uses it.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kFreedGoesBack = false;
#else
constexpr bool kFreedGoesBack = true;
#endif

TEST(Memory, ResidentGrowsWithWhatIsTakenAndThePeakStays) {
  constexpr std::int64_t taken_bytes = 64 << 20;
  reset_peak_memory("cpu");
  const MemoryUse before = memory_use("cpu");
  EXPECT_GT(before.resident_bytes, 1 << 20);
  EXPECT_FALSE(before.device_bytes || before.device_peak_bytes);
  {
    const std::vector<char> taken(taken_bytes, 1);
    EXPECT_GT(memory_use("cpu").resident_bytes, before.resident_bytes + taken_bytes / 2 + taken[7]);
  }
  const MemoryUse after = memory_use("cpu");
  EXPECT_GE(after.peak_bytes, before.resident_bytes + taken_bytes / 2);
  if (kFreedGoesBack) {
    EXPECT_LT(after.resident_bytes, after.peak_bytes);
  }
}

TEST(Memory, WhatIsFreedGoesBackWhereAsked) {
  if (!kFreedGoesBack) GTEST_SKIP() << "the sanitizer keeps what is freed";
  const ReturnFreedMemory returning;
  const std::int64_t before = memory_use("cpu").resident_bytes;
  std::vector<std::vector<char>> blocks;
  for (int i = 0; i < 64; ++i) blocks.emplace_back(1 << 20, 1);
  for (std::size_t i = 0; i < 63; ++i) std::vector<char>().swap(blocks[i]);  // the last stays, above them all
  EXPECT_LT(memory_use("cpu").resident_bytes, before + (8 << 20) + blocks[63][0]);
}

TEST(Memory, UnknownDevicesAreRefused) { EXPECT_ANY_THROW(memory_use("abacus")); }

}  // namespace
}  // namespace ctforge::pipeline
