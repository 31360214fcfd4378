// Figures as text: with their intervals, and "n/a" where there is none.
#include "pipeline/report/report_figures.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

TEST(ReportFigures, NumbersComeWithTheirIntervals) {
  const ordered_json entry = {{"value", 12.345}, {"interval", {11, 13}}, {"floor", nullptr}};
  EXPECT_EQ(with_interval(entry, "value", "interval"), "12.35 [11, 13]");
  EXPECT_EQ(with_interval(entry, "value", "absent"), "12.35");
  EXPECT_EQ(with_interval(entry, "floor", "absent"), "n/a");
  EXPECT_EQ(with_interval(entry, "nothing", "interval"), "n/a");
  EXPECT_TRUE(std::isnan(number_of(entry["floor"])));
}

TEST(ReportFigures, BarsHaveTheirIntervals) {
  const ordered_json entry = {{"mean", 0.7}, {"interval", {0.6, 0.8}}};
  const Bar bar = bar_of("cord", entry, "mean", kNoFigure);
  EXPECT_DOUBLE_EQ(bar.value, 0.7);
  EXPECT_DOUBLE_EQ(bar.high, 0.8);
  const ordered_json none = {{"mean", nullptr}};
  const Bar bare = bar_of("cord", none, "mean", kNoFigure);
  EXPECT_TRUE(std::isnan(bare.value));
  EXPECT_GT(bare.low, bare.high);  // no interval
}

TEST(ReportFigures, TablesHaveTheMeasuresThatAreThere) {
  constexpr std::array kNames = {"kid", "vendi"};
  EXPECT_TRUE(measure_table({}, kNames).empty());
  const std::string table = measure_table({{"vendi", {{"value", 3}, {"n", 5}}}}, kNames);
  EXPECT_NE(table.find("vendi"), std::string::npos);
  EXPECT_EQ(table.find("kid"), std::string::npos);
}

}  // namespace
}  // namespace ctforge::pipeline
