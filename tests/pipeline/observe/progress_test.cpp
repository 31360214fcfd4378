// What a person reads while waiting.
#include "pipeline/observe/progress.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(Progress, LineSaysHowFarAndHowLong) {
  EXPECT_EQ(Progress::line("train", 250, 1000, "steps", 180), "train 25% 250/1000 steps, 3 min 0 s left");
  EXPECT_EQ(Progress::line("train", 1000, 1000, "steps", {}), "train 100% 1000/1000 steps");
  EXPECT_EQ(Progress::line("prepare", 0, 0, "listing files", {}), "prepare listing files");
}

TEST(Progress, TimeLeftFollowsFromWhatThisProcessDid) {
  Pace pace;
  EXPECT_FALSE(pace.left_s(900, 1000, "steps", 50));    // a resumed stage: nothing is known of its pace yet
  EXPECT_FALSE(pace.left_s(901, 1000, "steps", 50.5));  // too early to tell
  EXPECT_EQ(pace.left_s(910, 1000, "steps", 60), 90);   // 10 in 10 s, 90 to go
  EXPECT_FALSE(pace.left_s(1000, 1000, "steps", 160));
  // Another unit, and a count that begins again, are counted from where they begin.
  EXPECT_FALSE(pace.left_s(0, 40, "features", 161));
  EXPECT_EQ(pace.left_s(10, 40, "features", 181), 60);
  EXPECT_FALSE(pace.left_s(5, 40, "features", 182));
}

TEST(Progress, ALogGetsFewerLinesTheLongerAStageTakes) {
  EXPECT_EQ(Progress::log_interval_s(0), 15);
  EXPECT_EQ(Progress::log_interval_s(1200), 60);
  EXPECT_EQ(Progress::log_interval_s(1e6), 300);
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
