// The files hold what metrics.jsonl holds, after interruptions too.
#include "pipeline/observe/tensorboard_log.h"

#include "pipeline/train/train_metrics.h"
#include "tests/support/support.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <system_error>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

// The one file that is not empty.
fs::path only_file(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (fs::file_size(entry) > 0) files.push_back(entry.path());
  EXPECT_EQ(files.size(), 1U);
  return files.empty() ? fs::path() : files.front();
}

// Bytes of the payloads of a file's records.
std::vector<std::string> payloads(const fs::path& path) {
  const std::string file = test::read_file(path);
  std::vector<std::string> found;
  for (std::size_t at = 0; at + 12 <= file.size();) {
    std::uint64_t length = 0;
    std::memcpy(&length, file.data() + at, 8);
    found.push_back(file.substr(at + 12, length));
    EXPECT_EQ(tfrecord(found.back()), file.substr(at, length + 16));
    at += length + 16;
  }
  return found;
}

// The loss of each scalar record, by the bytes that follow its tag.
std::vector<float> losses(const fs::path& folder) {
  std::vector<float> values;
  for (const std::string& payload : payloads(only_file(folder))) {
    const auto at = payload.find("loss\x15");
    if (at == std::string::npos) continue;
    float value = 0;
    std::memcpy(&value, payload.data() + at + 5, 4);
    values.push_back(value);
  }
  return values;
}

TEST(TensorBoardLog, ScalarsAreTheNumbersOfALine) {
  auto line = nlohmann::ordered_json::parse(
      R"({"schema":1,"time":5,"phase":"a","kind":"train","step":3,"loss":0.5,"dice":{"lung":0.25,"cord":null}})");
  EXPECT_EQ(scalars_of(line), (std::vector<std::pair<std::string, double>>{{"loss", 0.5}, {"dice/lung", 0.25}}));
  line["bias"] = std::nan("");
  EXPECT_EQ(scalars_of(line).size(), 2U);
}

TEST(TensorBoardLog, AResumedPhaseHasEachStepOnceAndNoneThatWasLost) {
  const test::TemporaryFolder folder;
  const fs::path metrics = folder / "metrics.jsonl", runs = folder / "tensorboard";
  const fs::path train = runs / "diffusion" / "train", validation = runs / "diffusion" / "validation";
  {
    TensorBoardLog board(runs, metrics);
    const MetricsLog log(metrics, [&board](const auto& line) { board.add(line); });
    board.rewrite_missing();
    EXPECT_FALSE(fs::exists(runs));
    for (const int step : {10, 20, 30}) log.add("diffusion", "train", step, {{"loss", step}});
    log.add("diffusion", "validation", 30, {{"loss", 7}});
    log.add("autoencoder", "train", 30, {{"loss", 5}});
    EXPECT_EQ(losses(train), (std::vector<float>{10, 20, 30}));
  }
  const fs::path before = only_file(train);
  // Killed in the middle of a record; goes on from step 20.
  fs::resize_file(before, fs::file_size(before) - 3);
  TensorBoardLog board(runs, metrics);
  const MetricsLog log(metrics, [&board](const auto& line) { board.add(line); });
  log.cut("diffusion", 20);
  board.rewrite("diffusion");
  EXPECT_EQ(losses(train), (std::vector<float>{10, 20}));
  EXPECT_TRUE(losses(validation).empty());
  log.add("diffusion", "train", 30, {{"loss", 31}});
  EXPECT_EQ(losses(train), (std::vector<float>{10, 20, 31}));
  EXPECT_EQ(losses(runs / "autoencoder" / "train"), (std::vector<float>{5}));
  // Later files have later names, for a TensorBoard that is reading, and void those before.
  EXPECT_GT(only_file(train), before);
  EXPECT_EQ(payloads(only_file(train)).at(1).substr(9), "\x3a\x02\x08\x01");
}

TEST(TensorBoardLog, IsMadeOfWhatWasMeasuredBefore) {
  const test::TemporaryFolder folder;
  MetricsLog(folder / "metrics.jsonl").add("autoencoder", "train", 3, {{"loss", 2}});
  TensorBoardLog(folder / "tensorboard", folder / "metrics.jsonl").rewrite_missing();
  EXPECT_EQ(losses(folder / "tensorboard" / "autoencoder" / "train"), (std::vector<float>{2}));
}

TEST(TensorBoardLog, SegmentersAndSamplesReplaceThoseBefore) {
  const test::TemporaryFolder folder;
  TensorBoardLog board(folder / "tensorboard", folder / "metrics.jsonl");
  const auto curve =
      nlohmann::ordered_json::parse(R"([{"step":5,"validation_loss":2.5,"validation_dice":{"mean":0.5}}])");
  board.segmenter("real", 0, curve, 1);
  board.segmenter("real", 0, curve, 1);
  EXPECT_EQ(losses(folder / "tensorboard" / "segmenter" / "real-0"), (std::vector<float>{2.5}));

  io::ShardInfo info;
  info.height = info.width = 4;
  info.classes = {"neck", "chest"};
  info.labels = {"background"};
  info.synthetic = true;
  io::ShardWriter writer(folder.path(), "synthetic", info);
  for (int i = 0; i < 12; ++i)
    writer.add({.hu = std::vector<std::int16_t>(16, 40),
                .mask = std::vector<std::uint8_t>(16, 0),
                .class_index = i < 6 ? 0 : 1,
                .patient = "SYN-" + std::to_string(i),
                .series = "S-0"});
  writer.finish();
  board.samples(io::ShardSet(folder.path(), "synthetic"), 300, 40, 400, 1);
  const auto found = payloads(only_file(folder / "tensorboard" / "samples"));
  EXPECT_EQ(found.size(), 2U + 4U + 4U);
  EXPECT_NE(found.back().find("synthetic/chest/4"), std::string::npos);
  EXPECT_NE(found.back().find("\x89PNG"), std::string::npos);
}

TEST(TensorBoardLog, SaysWhenItCannotBeWritten) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "tensorboard", "a file");
  const MetricsLog log(folder / "metrics.jsonl");
  log.add("diffusion", "train", 1, {{"loss", 1}});
  TensorBoardLog board(folder / "tensorboard", folder / "metrics.jsonl");
  EXPECT_THROW(board.rewrite("diffusion"), std::system_error);
}

}  // namespace
}  // namespace ctforge::pipeline
