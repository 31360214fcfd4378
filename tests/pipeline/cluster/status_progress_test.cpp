// How far a stage has come, from files with known contents and times.
#include "pipeline/cluster/status_progress.h"

#include "io/file/safetensors.h"
#include "tests/support/support.h"

#include <array>
#include <chrono>
#include <filesystem>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

const ordered_json kSettings = ordered_json::parse(R"({"train": {"steps": 1000, "batch": 8, "accumulate": 2,
    "autoencoder": {"steps": 100, "batch": 4}}, "sample": {"count": 40},
    "evaluate": {"downstream": {"enabled": true, "seeds": 3}}})");

// As if the file had been written so long ago.
void age(const fs::path& file, int seconds) {
  fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::seconds(seconds));
}

TEST(StatusProgress, OfTraining) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(progress_of("train", folder.path(), kSettings).empty());
  const std::string autoencoder = R"({"phase":"autoencoder","kind":"train","step":60,"loss":0.5,"images_per_s":20})"
                                  "\n";
  test::write_file(folder / "metrics.jsonl", autoencoder);
  ordered_json progress = progress_of("train", folder.path(), kSettings);
  EXPECT_EQ(progress.at("phase"), "autoencoder");
  EXPECT_EQ(progress.at("total"), 100);
  EXPECT_DOUBLE_EQ(progress.at("seconds_left").get<double>(), 40 * 4 / 20.0);
  // A validation line and one that is being written stand after the last figures.
  test::write_file(folder / "metrics.jsonl",
                   autoencoder + R"({"phase":"diffusion","kind":"train","step":250,"loss":0.25,"images_per_s":80})"
                                 "\n"
                                 R"({"phase":"diffusion","kind":"validation","step":250,"loss":0.75})"
                                 "\n"
                                 R"({"phase":"diffusion","ki)");
  test::write_file(folder / "checkpoints", "no folder");
  EXPECT_EQ(progress_of("train", folder.path(), kSettings).at("done"), 250);
  fs::remove(folder / "checkpoints");
  test::write_file(folder / "checkpoints/autoencoder-000000100.safetensors", "x");
  test::write_file(folder / "checkpoints/generator-000000200.safetensors", "x");
  age(folder / "checkpoints/generator-000000200.safetensors", 60);
  progress = progress_of("train", folder.path(), kSettings);
  EXPECT_EQ(progress.at("done"), 250);
  EXPECT_EQ(progress.at("loss"), 0.25);
  EXPECT_DOUBLE_EQ(progress.at("seconds_left").get<double>(), 750 * 16 / 80.0);
  EXPECT_EQ(progress.at("checkpoint").at("step"), 200);
  EXPECT_NEAR(progress.at("checkpoint").at("age_s").get<double>(), 60, 5);
  progress = progress_of("train", folder.path(), nullptr);  // nothing known of the configuration
  EXPECT_TRUE(progress.at("total").is_null());
  EXPECT_FALSE(progress.contains("seconds_left"));
}

TEST(StatusProgress, OfSampling) {
  const test::TemporaryFolder folder;
  const std::array<std::byte, 32> zeros{};
  for (int shard = 0; shard < 3; ++shard) {
    const fs::path file = folder / ("samples/synthetic-0000" + std::to_string(shard) + ".safetensors");
    fs::create_directories(file.parent_path());
    io::write_safetensors(file, {{"hu", {io::Dtype::I16, {8, 1, 2}, zeros}}}, {});
    age(file, 100 - 20 * shard);
  }
  test::write_file(folder / "samples/synthetic-00003.safetensors", "half written");
  const ordered_json progress = progress_of("sample", folder.path(), kSettings);
  EXPECT_EQ(progress.at("done"), 24);
  EXPECT_EQ(progress.at("total"), 40);
  EXPECT_NEAR(progress.at("seconds_left").get<double>(), 16 * 40.0 / 16, 0.1);  // 16 more in 40 s
  EXPECT_NEAR(progress.at("changed_s").get<double>(), 60, 5);
}

TEST(StatusProgress, OfEvaluationAndOfStagesThatTellNothing) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(progress_of("evaluate", folder.path(), kSettings).empty());
  test::write_file(folder / "evaluation/cells/segmenter-real-of-1-rate-0_005-0.json", "{}");
  test::write_file(folder / "evaluation/cells/segmenter-oversampled-of-1-rate-0_001-0.json",
                   "{}");  // not of these settings
  test::write_file(folder / "evaluation/cells/features-train.safetensors", "x");
  const ordered_json progress = progress_of("evaluate", folder.path(), kSettings);
  EXPECT_EQ(progress.at("done"), 1);
  EXPECT_EQ(progress.at("total"), 6);
  EXPECT_FALSE(progress.contains("seconds_left"));
  ordered_json more = kSettings;
  more["evaluate"]["downstream"].update({{"arms", {"real", "real_synthetic", "oversampled"}},
                                         {"fractions", {0.2, 1}},
                                         {"synthetic_shares", {0.2, 0.5}},
                                         {"learning_rates", {0.001}}});
  EXPECT_EQ(progress_of("evaluate", folder.path(), more).at("total"), 2 * (1 + 2 + 1) * 3);
  EXPECT_TRUE(progress_of("prepare", folder.path(), kSettings).empty());
  test::write_file(folder / "data/parts/1-of-3/prepare.json", "{}");
  fs::create_directories(folder / "data/parts/2-of-3");
  const ordered_json parts = progress_of("prepare", folder.path(), kSettings);
  EXPECT_EQ(parts.at("done"), 1);
  EXPECT_EQ(parts.at("total"), 3);
}

TEST(StatusProgress, WhetherAStageHasBegun) {
  const test::TemporaryFolder folder;
  EXPECT_FALSE(has_begun("train", folder.path()));
  fs::create_directories(folder / "checkpoints");
  EXPECT_TRUE(has_begun("train", folder.path()));
  EXPECT_FALSE(has_begun("report", folder.path()));
}

}  // namespace
}  // namespace ctforge::pipeline
