// The table's lines.
#include "pipeline/evaluate/downstream_table.h"

#include "tests/pipeline/evaluate/downstream_support.h"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(DownstreamTable, HasALineForEachFractionArmMeasureAndOrgan) {
  const test::KnownExperiment known;
  std::istringstream csv(downstream_csv(known.result, known.inputs.test.labels));
  std::vector<std::string> lines;
  for (std::string line; std::getline(csv, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 1u + 2 * 2 * 3 * 2);
  const auto commas = [](const std::string& line) { return std::count(line.begin(), line.end(), ','); };
  for (const std::string& line : lines) EXPECT_EQ(commas(line), 15) << line;
  EXPECT_EQ(lines[2], "0.5,4,real,dice,cord,0.7,0.7,0.7,2,,,,,,,");
  // Two equal differences: ties, so that the test is the normal one; the table has what the experiment says.
  EXPECT_TRUE(lines[20].starts_with("1,8,real_synthetic,dice,cord,0.8,0.8,0.8,2,,0.1")) << lines[20];
  EXPECT_TRUE(lines[20].ends_with(",0.9,true")) << lines[20];
  EXPECT_TRUE(lines[22].starts_with("1,8,real_synthetic,hausdorff95_mm,cord,2,2,2,1,1,0,0,0,")) << lines[22];
  EXPECT_TRUE(lines[22].ends_with(",,0.9,true")) << lines[22];
}

}  // namespace
}  // namespace ctforge::pipeline
