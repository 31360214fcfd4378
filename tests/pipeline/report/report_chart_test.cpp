// Charts hold what they were given, survive what is not finite, and escape names.
#include "pipeline/report/report_chart.h"

#include <limits>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(ReportChart, NumbersAreShort) {
  EXPECT_EQ(readable_number(0.123456), "0.1235");
  EXPECT_EQ(readable_number(kNan), "n/a");
  EXPECT_EQ(three_decimals(0.05, true), "+0.050");
  EXPECT_EQ(three_decimals(kNan), "n/a");
  EXPECT_EQ(escaped("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
}

TEST(ReportChart, GapsBreakTheLine) {
  const std::string svg = line_chart({{"loss", {{0, 1}, {1, kNan}, {2, 3}, {3, 2}}}}, "steps", "loss", false);
  EXPECT_NE(svg.find("<path d=\"M"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  const auto first = svg.find("d=\"M");
  EXPECT_NE(svg.find('M', first + 5), std::string::npos);  // a second piece
}

TEST(ReportChart, LogarithmicAxesHaveRoundNumbers) {
  const std::string svg = line_chart({{"loss", {{0, 0.9}, {1, 0.08}}}}, "x", "y", true);
  for (const char* label : {">0.1<", ">0.2<", ">0.5<"}) EXPECT_NE(svg.find(label), std::string::npos) << label;
  const std::string narrow = line_chart({{"loss", {{0, 0.38}, {1, 0.32}}}}, "x", "y", true);
  EXPECT_NE(narrow.find(">0.36<"), std::string::npos);
}

TEST(ReportChart, CurvesOfOneNameStandOnceInTheLegend) {
  const std::string svg = line_chart({{"real", {{0, 1}, {1, 2}}}, {"real", {{0, 2}, {1, 1}}}}, "x", "y", false);
  EXPECT_EQ(svg.find(">real<"), svg.rfind(">real<"));
  EXPECT_EQ(svg.find("#d55e00"), std::string::npos);
}

TEST(ReportChart, NothingToShowIsSaid) {
  EXPECT_NE(line_chart({{"loss", {{0, -1}}}}, "x", "y", true).find("nothing was measured"), std::string::npos);
  EXPECT_NE(bar_chart({}, "x").find("nothing was measured"), std::string::npos);
}

TEST(ReportChart, BarsShowIntervalAndReference) {
  const std::string svg = bar_chart({{"a<b", 2, 1, 3, 0.5}, {"c", -1, 1, 0, kNan}}, "distance");
  EXPECT_NE(svg.find("a&lt;b"), std::string::npos);
  EXPECT_NE(svg.find("class=\"interval\""), std::string::npos);
  EXPECT_NE(svg.find("class=\"reference\""), std::string::npos);
}

}  // namespace
}  // namespace ctforge::pipeline
