// A section is read with its limits, every problem at once, and written back as it was read.
#include "pipeline/config/config_visitors.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

struct Inner {
  double rate = 0.5;
  template <class Visitor>
  void fields(Visitor& visit) {
    visit("rate", rate, "a rate", Range{0, 1});
  }
};

struct Sample {
  std::int64_t steps = 10;
  std::string mode = "fast";
  bool shuffle = true;
  std::vector<double> levels = {1, 2};
  std::array<double, 2> window = {-1000, 1000};
  std::string name;
  Inner inner;
  template <class Visitor>
  void fields(Visitor& visit) {
    visit("steps", steps, "how many", Range{1, 1e9});
    visit("mode", mode, "how", OneOf{{"fast", "slow"}});
    visit("shuffle", shuffle, "whether");
    visit("levels", levels, "levels", Range{0, 10});
    visit("window", window, "HU");
    visit("name", name, "any text");
    visit.section("inner", inner);
  }
};

std::vector<ConfigProblem> read(const std::string& yaml, Sample& sample) {
  const ConfigNode root = parse_config(yaml, "x.yaml");
  std::vector<ConfigProblem> problems;
  SectionReader reader(&root, "", problems);
  sample.fields(reader);
  reader.finish();
  return problems;
}

TEST(ConfigVisitors, ReadsEveryType) {
  Sample sample;
  const auto problems = read(
      "steps: 1e3\nmode: slow\nshuffle: false\nlevels: [3, 4.5]\nwindow: [-160, 240]\nname: 007\ninner:\n  rate: "
      "0.25\n",
      sample);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(sample.steps, 1000);
  EXPECT_EQ(sample.mode, "slow");
  EXPECT_FALSE(sample.shuffle);
  EXPECT_EQ(sample.levels, (std::vector<double>{3, 4.5}));
  EXPECT_EQ(sample.window[1], 240);
  EXPECT_EQ(sample.name, "007");
  EXPECT_EQ(sample.inner.rate, 0.25);
}

TEST(ConfigVisitors, ReportsEveryProblemAtOnce) {
  Sample sample;
  const auto problems = read(
      "steps: 0\nmode: fasst\nshuffle: yes\nlevels: [3, 40]\nwindow: [1]\nstep: 3\ninner:\n  rate: high\n", sample);
  std::string text;
  for (const auto& problem : problems) text += problem.line() + "\n";
  EXPECT_NE(text.find("x.yaml:1 steps: 0 is not between 1 and 1e+09"), std::string::npos) << text;
  EXPECT_NE(text.find("x.yaml:2 mode: 'fasst' is not one of fast, slow; did you mean 'fast'?"), std::string::npos)
      << text;
  EXPECT_NE(text.find("x.yaml:3 shuffle: expected true or false"), std::string::npos) << text;
  EXPECT_NE(text.find("levels: 40 is not between 0 and 10"), std::string::npos) << text;
  EXPECT_NE(text.find("window: expected 2 values, found 1"), std::string::npos) << text;
  EXPECT_NE(text.find("x.yaml:6 step: unknown key; did you mean 'steps'?"), std::string::npos) << text;
  EXPECT_NE(text.find("x.yaml:8 inner.rate: expected a number, found 'high'"), std::string::npos) << text;
  EXPECT_EQ(problems.size(), 7U) << text;
}

TEST(ConfigVisitors, FractionsAreNoWholeNumbers) {
  Sample sample;
  EXPECT_EQ(read("steps: 2.5\n", sample).size(), 1U);
  EXPECT_EQ(read("steps: '5'\n", sample).size(), 1U);
  EXPECT_EQ(sample.steps, 10);
}

TEST(ConfigVisitors, WriterKeepsOrderAndHelpNamesLimits) {
  Sample sample;
  SectionWriter writer;
  sample.fields(writer);
  EXPECT_EQ(writer.json().dump(),
            R"({"steps":10,"mode":"fast","shuffle":true,"levels":[1.0,2.0],"window":[-1000.0,1000.0],"name":"",)"
            R"("inner":{"rate":0.5}})");
  SectionHelp help("sample");
  sample.fields(help);
  EXPECT_NE(help.text().find("sample.mode = \"fast\"\n      how (fast, slow)"), std::string::npos);
  EXPECT_NE(help.text().find("sample.inner.rate = 0.5\n      a rate (0 to 1)"), std::string::npos);
}

}  // namespace
}  // namespace ctforge::pipeline
