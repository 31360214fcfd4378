// Windowing by hand, clipping, and the round trip of every HU inside the window.
#include "io/volume/window.h"

#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(Window, EndsAndMiddleByHand) {
  const WindowHu soft = {-160, 240};
  EXPECT_FLOAT_EQ(window(-160, soft), -1);
  EXPECT_FLOAT_EQ(window(40, soft), 0);
  EXPECT_FLOAT_EQ(window(240, soft), 1);
  EXPECT_FLOAT_EQ(window(-1024, soft), -1);
  EXPECT_FLOAT_EQ(window(3071, soft), 1);
}

TEST(Window, EveryHuInsideComesBack) {
  for (const WindowHu window_hu : {WindowHu{-1000, 1000}, WindowHu{-1024, 3071}, WindowHu{-32768, 32767}}) {
    std::vector<std::int16_t> hu;
    for (int value = static_cast<int>(window_hu[0]); value <= static_cast<int>(window_hu[1]); ++value)
      hu.push_back(static_cast<std::int16_t>(value));
    std::vector<float> values(hu.size());
    std::vector<std::int16_t> back(hu.size());
    window(hu, window_hu, values);
    unwindow(values, window_hu, back);
    EXPECT_EQ(back, hu);
    EXPECT_EQ(window(hu[7], window_hu), values[7]);
  }
}

TEST(Window, BackFromOutsideIsClipped) {
  const WindowHu window_hu = {-1000, 1000};
  EXPECT_EQ(unwindow(1.5f, window_hu), 1000);
  EXPECT_EQ(unwindow(-7.0f, window_hu), -1000);
  EXPECT_EQ(unwindow(std::numeric_limits<float>::quiet_NaN(), window_hu), -1000);
  EXPECT_EQ(unwindow(1.0f, {0, 1e6}), 32767);
}

TEST(Window, RefusesEmptyWindowsAndUnequalSpans) {
  EXPECT_THROW(window(0, {100, 100}), std::invalid_argument);
  std::vector<std::int16_t> hu(3);
  std::vector<float> values(2);
  EXPECT_THROW(window(hu, {-1, 1}, values), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::io
