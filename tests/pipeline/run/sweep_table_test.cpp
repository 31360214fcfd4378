// Figures are found in a run's folder, and rows that differ in a seed alone are one line.
#include "pipeline/run/sweep_table.h"

#include "tests/support/support.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

TEST(SweepTable, FindsTheFiguresOfARun) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(figures_in(folder.path()).empty());
  std::filesystem::create_directories(folder / "evaluation");
  std::filesystem::create_directories(folder / "samples");
  test::write_file(folder / "evaluation" / "distances.json",
                   R"({"distances": {"fd_lite0": {"frechet": {"value": 85, "interval": [80, 90], "floor": 20}}}})");
  test::write_file(folder / "samples" / "samples.json", R"({"seconds_per_sample": 0.25})");
  test::write_file(folder / "manifest.json", R"({"stages": {"train": {"seconds": 60}}})");
  const ordered_json expected{{"fd_lite0.frechet", 85.0},
                              {"fd_lite0.frechet.low", 80.0},
                              {"fd_lite0.frechet.high", 90.0},
                              {"fd_lite0.floor", 20.0},
                              {"train_s", 60.0},
                              {"sample_s_per_1000", 250.0}};
  EXPECT_EQ(figures_in(folder.path()), expected);
}

std::vector<SweepRow> rows() {
  std::vector<SweepRow> all;
  for (const char* betas : {"linear", "cosine"})
    for (const char* seed : {"1", "2"})
      all.push_back({{{"train.betas", betas}, {"train.seed", seed}, {"train.from", "/home/somebody"}},
                     {{"fd_lite0.frechet", betas[0] == 'l' ? (seed[0] == '1' ? 10.0 : 30.0) : 5.0}},
                     "",
                     std::string("<i>") + betas + seed + "</i>"});
  all.back().figures = ordered_json::object();
  all.back().failure = "diverged, \"badly\"";
  return all;
}

TEST(SweepTable, AveragesOverSeedsAndShowsNoPath) {
  const std::string page = sweep_page(rows(), 6);
  EXPECT_NE(page.find("20 <small>(10 to 30, 2 seeds)</small>"), std::string::npos);
  EXPECT_NE(page.find("4 of 6 combinations done"), std::string::npos);
  EXPECT_NE(page.find("diverged"), std::string::npos);
  EXPECT_EQ(page.find("somebody"), std::string::npos);
  EXPECT_NE(page.find("<i>linear1</i>"), std::string::npos);
  EXPECT_EQ(page.find("<i>linear2</i>"), std::string::npos);  // of one seed only
  EXPECT_EQ(sweep_json(rows(), 6).dump().find("somebody"), std::string::npos);
  EXPECT_EQ(sweep_json(rows(), 6).at("rows").size(), 4U);
}

TEST(SweepTable, TwoPathsAreNoSeedsOfOne) {
  std::vector<SweepRow> two;
  for (const char* path : {"/home/a", "/home/b"})
    two.push_back({{{"train.from", path}}, {{"fd_lite0.frechet", path[6] == 'a' ? 10.0 : 30.0}}, "", ""});
  const std::string page = sweep_page(two, 2);
  EXPECT_EQ(page.find("2 seeds"), std::string::npos);
  EXPECT_NE(page.find("(path 2)"), std::string::npos);
  EXPECT_NE(sweep_csv(two).find("(path 1),10"), std::string::npos) << sweep_csv(two);
}

TEST(SweepTable, IsACsvFile) {
  EXPECT_EQ(sweep_csv(rows()),
            "train.betas,train.seed,train.from,fd_lite0.frechet,failure\n"
            "linear,1,(a path),10.0,\n"
            "linear,2,(a path),30.0,\n"
            "cosine,1,(a path),5.0,\n"
            "cosine,2,(a path),,\"diverged, \"\"badly\"\"\"\n");
}

}  // namespace
}  // namespace ctforge::pipeline
