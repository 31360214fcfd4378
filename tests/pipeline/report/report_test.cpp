// The report of a run that did little says so, and holds what was measured.
#include "pipeline/report/report.h"

#include "io/file/fault.h"
#include "io/file/shard.h"
#include "tests/support/support.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

void write_patches(const std::filesystem::path& folder, const std::string& prefix, bool synthetic) {
  io::ShardInfo info;
  info.height = info.width = 4;
  info.classes = {"neck"};
  info.labels = {"background", "cord"};
  info.synthetic = synthetic;
  io::ShardWriter writer(folder, prefix, info);
  for (int i = 0; i < 3; ++i)
    writer.add({.hu = std::vector<std::int16_t>(16, 40),
                .mask = std::vector<std::uint8_t>(16, 1),
                .patient = (synthetic ? "SYN-00000" : "P-000000000000000") + std::to_string(i),
                .series = "S-0000000000000000"});
  writer.finish();
}

Context context_of(const std::filesystem::path& out) {
  Context context;
  context.out = out;
  return context;
}

TEST(Report, EmptyFolderIsRefused) {
  test::TemporaryFolder folder;
  EXPECT_THROW(run_report({}, context_of(folder.path())), io::DataError);
  EXPECT_FALSE(std::filesystem::exists(folder / "report.html"));
}

TEST(Report, YoungRunSaysWhatIsMissing) {
  test::TemporaryFolder folder;
  write_patches(folder / "data", "train", false);
  run_report({}, context_of(folder.path()));
  const std::string page = test::read_file(folder / "report.html");
  EXPECT_NE(page.find("not evaluated"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(test::read_file(folder / "report.json"))["schema"], 1);
}

TEST(Report, ShowsPatchesAndMeasurements) {
  test::TemporaryFolder folder;
  write_patches(folder / "data", "train", false);
  write_patches(folder / "samples", "synthetic", true);
  std::filesystem::create_directories(folder / "evaluation");
  test::write_file(
      folder / "evaluation/distances.json",
      R"({"schema":1,"distances":{"fd_lite0":{"frechet":{"value":12.5,"interval":[11,13],"n":50,"floor":3.25,
                   "floor_interval":[3,4]},"references":{"noise":{"value":99,"interval":[98,100],"n":50}},"per_class":{}}}})");
  test::write_file(folder / "metrics.jsonl",
                   "{\"phase\":\"diffusion\",\"kind\":\"train\",\"step\":1,\"loss\":2}\nhalf a li");
  run_report({}, context_of(folder.path()));
  const std::string page = test::read_file(folder / "report.html");
  EXPECT_NE(page.find("data:image/png;base64,"), std::string::npos);
  EXPECT_NE(page.find("FD-Lite0"), std::string::npos);
  EXPECT_NE(page.find("12.5 [11, 13]"), std::string::npos);
  const auto json = nlohmann::json::parse(test::read_file(folder / "report.json"));
  EXPECT_EQ(json["distances"]["fd_lite0"]["frechet"]["floor"], 3.25);
  EXPECT_EQ(json["training"].size(), 1U);
}

TEST(Report, BesideATrainingShowsHowFarItIs) {
  test::TemporaryFolder folder;
  write_patches(folder / "data", "train", false);
  write_patches(folder / "samples", "synthetic", true);  // being drawn: samples.json is not there
  test::write_file(folder / "data/prepare.json", R"({"schema":1,"splits":{}})");
  test::write_file(folder / "progress.json",
                   R"({"schema":1,"stage":"train","state":"running","phase":"diffusion",
                       "unit":"steps","done":400,"total":12000,"time":5,"time_left_s":100})");
  test::write_file(folder / "metrics.jsonl",  // which is newer
                   R"({"time":9,"phase":"diffusion","kind":"train","step":420,"loss":2})"
                   "\n");
  run_report({}, context_of(folder.path()), true);
  const std::string page = test::read_file(folder / "report.html");
  EXPECT_NE(page.find("Under way: train, steps 420 of 12000, 1 min 36 s left"), std::string::npos);
  EXPECT_NE(page.find("<svg"), std::string::npos);  // the curve so far
  EXPECT_NE(page.find("not there yet"), std::string::npos);
  EXPECT_EQ(page.find("data:image/png"), std::string::npos);
  const auto json = nlohmann::json::parse(test::read_file(folder / "report.json"));
  EXPECT_EQ(json["under_way"], true);
  EXPECT_EQ(json["progress"]["done"], 420);
}

TEST(Report, BesideARunThatHasOnlyBegunSaysSo) {
  test::TemporaryFolder folder;
  EXPECT_NO_THROW(run_report({}, context_of(folder.path()), true));
  EXPECT_NE(test::read_file(folder / "report.html").find("Under way"), std::string::npos);
}

TEST(Report, DamagedEvaluationIsNamed) {
  test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "evaluation");
  test::write_file(folder / "evaluation/distances.json", "{");
  EXPECT_THROW(run_report({}, context_of(folder.path())), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
