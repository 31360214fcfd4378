// Numbers of JSON in tables and bars.
#include "pipeline/report_values.h"

#include <cmath>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

TEST(ReportValues, IntervalsStandBesideTheirNumbers) {
  const ordered_json value = {{"mean", 0.7}, {"interval", {0.6, 0.8}}};
  EXPECT_EQ(with_interval(value, "mean", "interval"), "0.7 [0.6, 0.8]");
  EXPECT_EQ(with_interval({{"mean", 0.7}}, "mean", "interval"), "0.7");
  EXPECT_EQ(with_interval(ordered_json::object(), "mean", "interval"), "n/a");
  const Bar bar = bar_of("cord", value, "mean", kNone);
  EXPECT_DOUBLE_EQ(bar.value, 0.7);
  EXPECT_DOUBLE_EQ(bar.high, 0.8);
  const Bar bare = bar_of("cord", {{"mean", nullptr}}, "mean", kNone);
  EXPECT_TRUE(std::isnan(bare.value));
  EXPECT_GT(bare.low, bare.high);  // no interval
}

}  // namespace
}  // namespace ctforge::pipeline
