// It is time after the interval, and always where there is none.
#include "pipeline/train/save_timer.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(SaveTimer, IsDueAfterTheInterval) {
  SaveTimer always(0), never(1e6);
  EXPECT_TRUE(always.due());
  always.saved();
  EXPECT_TRUE(always.due());
  EXPECT_FALSE(never.due());
}

}  // namespace
}  // namespace ctforge::pipeline
