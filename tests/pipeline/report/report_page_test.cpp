// A page that fetches nothing and runs nothing.
#include "pipeline/report/report_page.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(ReportPage, IsSelfContained) {
  const std::string page = html_page("A & B", "<p>sum</p>", {{"One <1>", "lead", "<b>body</b>"}});
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("http://"), std::string::npos);
  EXPECT_EQ(page.find("https://"), std::string::npos);
  EXPECT_NE(page.find("<h1>A &amp; B</h1>"), std::string::npos);
  EXPECT_NE(page.find("<h2>One &lt;1&gt;</h2>"), std::string::npos);
  EXPECT_NE(page.find("<b>body</b>"), std::string::npos);
}

TEST(ReportPage, TableHasOneHead) {
  EXPECT_EQ(html_table({{"a"}, {"1"}}), "<table><tr><th>a</th></tr>\n<tr><td>1</td></tr>\n</table>");
}

}  // namespace
}  // namespace ctforge::pipeline
