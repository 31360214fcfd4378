// What a person reads while waiting.
#include "pipeline/progress.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(Progress, LineSaysHowFarAndHowLong) {
  EXPECT_EQ(Progress::line("train", 250, 1000, "steps", 60), "train 25% 250/1000 steps, 3 min 0 s left");
  EXPECT_EQ(Progress::line("train", 1000, 1000, "steps", 60), "train 100% 1000/1000 steps");
  EXPECT_EQ(Progress::line("prepare", 0, 0, "listing files", 0), "prepare listing files");
}

TEST(Progress, UnitsAreReadable) {
  EXPECT_EQ(readable_seconds(0.85), "850 ms");
  EXPECT_EQ(readable_seconds(7.25), "7.2 s");
  EXPECT_EQ(readable_seconds(200), "3 min 20 s");
  EXPECT_EQ(readable_seconds(7500), "2 h 5 min");
  EXPECT_EQ(readable_bytes(512), "512 B");
  EXPECT_EQ(readable_bytes(2.34e9), "2.34 GB");
}

}  // namespace
}  // namespace ctforge::pipeline
