// Every combination is run once, what they have in common is made once, and one that fails costs only itself.
#include "pipeline/run/sweep.h"

#include "pipeline/config/config_tree.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kPhantom = {"run.stages=[phantom]", "run.threads=1", "phantom.patients=1",
                                           "phantom.slices=4"};

std::vector<std::string> with(std::vector<std::string> settings) {
  settings.insert(settings.begin(), kPhantom.begin(), kPhantom.end());
  return settings;
}

nlohmann::json read_json(const fs::path& file) { return nlohmann::json::parse(test::read_file(file)); }

TEST(Sweep, RunsEveryCombinationAndKeepsWhatIsDone) {
  const test::TemporaryFolder folder;
  const auto grid = with({"sweep.grid=['phantom.slices=4|6', 'sample.steps=2|3']"});
  EXPECT_EQ(run_sweep({}, grid, folder.path()), 0);
  const nlohmann::json first = read_json(folder / "sweep.json");
  EXPECT_EQ(first.at("rows").size(), 4U);
  EXPECT_EQ(first.at("rows").at(3).at("settings"), (nlohmann::json{{"phantom.slices", "6"}, {"sample.steps", "3"}}));
  std::vector<fs::path> cells;
  for (const auto& entry : fs::directory_iterator(folder / "cells")) cells.push_back(entry.path());
  ASSERT_EQ(cells.size(), 4U);
  // The cohort of equal slices is one file with two names.
  int shared = 0;
  for (const fs::path& cell : cells) shared += fs::hard_link_count(cell / "cohort" / "cohort.json") == 2 ? 1 : 0;
  EXPECT_EQ(shared, 4);
  const auto written = fs::last_write_time(cells[0] / "cohort" / "cohort.json");
  EXPECT_EQ(run_sweep({}, with({"sweep.grid=['phantom.slices=4|6|8', 'sample.steps=2|3']"}), folder.path()), 0);
  EXPECT_EQ(fs::last_write_time(cells[0] / "cohort" / "cohort.json"), written);
  EXPECT_EQ(read_json(folder / "sweep.json").at("rows").size(), 6U);
  EXPECT_NE(test::read_file(folder / "sweep.html").find("6 of 6"), std::string::npos);
}

TEST(Sweep, SettingsThatVaryTogetherAreOneAxis) {
  const test::TemporaryFolder folder;
  const auto pairs =
      with({"sweep.grid=['phantom.slices=4|6', 'sample.sampler,sample.steps,train.unet.channels="
            "ddim,50,[8,16]|heun,18,[8,8]|unipc,10,[16,16]']"});
  EXPECT_EQ(check_sweep({}, pairs), 6U);
  EXPECT_EQ(run_sweep({}, with({"sweep.grid=['sample.sampler,sample.steps=ddim,50|heun,18']"}), folder.path()), 0);
  const nlohmann::json rows = read_json(folder / "sweep.json").at("rows");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows.at(1).at("settings"), (nlohmann::json{{"sample.sampler", "heun"}, {"sample.steps", "18"}}));
}

TEST(Sweep, ACellThatFailsCostsOnlyItself) {
  const test::TemporaryFolder folder;
  // Nothing was trained: every second cell has nothing to draw from.
  const auto grid = with({"sweep.grid=['run.stages=[sample]|[phantom]']"});
  EXPECT_EQ(run_sweep({}, grid, folder.path()), 1);
  const nlohmann::json rows = read_json(folder / "sweep.json").at("rows");
  EXPECT_TRUE(rows.at(0).contains("failure"));
  EXPECT_FALSE(rows.at(1).contains("failure"));
}

TEST(Sweep, IsCheckedWholeBeforeItBegins) {
  const test::TemporaryFolder folder;
  for (const char* grid :
       {"[]", "['phantom.slices']", "['phantom.slices=4']", "['phantom.slices=4|five']",
        "['phantom.slices=4|5', 'phantom.slices=6|7']", "['sweep.grid=4|5']", "['phantom.slice=4|5']",
        "['phantom.slices,sample.steps=4,2|5']", "['phantom.slices,sample.steps=4,2|5,3,1']",
        "['phantom.slices,=4,2|5,3']", "['phantom.slices,phantom.slices=4,2|5,3']"})
    EXPECT_THROW(run_sweep({}, with({std::string("sweep.grid=") + grid}), folder.path()), ConfigError) << grid;
  EXPECT_FALSE(fs::exists(folder / "cells"));
}

}  // namespace
}  // namespace ctforge::pipeline
