// Shards of samples: contents, resumption after an interruption, and what changed settings do to them.
#include "pipeline/sample/sample_shards.h"

#include "io/file/shard.h"
#include "tests/pipeline/sample/toy_generator.h"
#include "tests/support/support.h"

#include <atomic>
#include <cstdio>
#include <filesystem>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

class SampleShards : public ::testing::Test {
 protected:
  SampleShards() {
    context_.out = folder_.path();
    config_.count = 600;
    config_.steps = 16;
    config_.batch = 100;
    config_.guidance = 1;
  }

  nlohmann::ordered_json write() {
    return write_samples(config_, generator_, support::toy_network(generator_), 5, proportions_,
                         context_.out / "samples", context_);
  }
  std::string bytes(int shard) const {
    return ctforge::test::read_file(folder_ / ("samples/synthetic-0000" + std::to_string(shard) + ".safetensors"));
  }

  ctforge::test::TemporaryFolder folder_;
  Generator generator_ = support::toy_generator();
  SampleConfig config_;
  Context context_;
  std::vector<double> proportions_ = {1, 1};
};

TEST_F(SampleShards, HoldLabelledPatchesOfEveryClass) {
  const auto record = write();
  EXPECT_EQ(record["count"], 600);
  EXPECT_EQ(record["classes"]["low"], 300);
  EXPECT_EQ(record["shards"].size(), 3U);
  EXPECT_EQ(record["checkpoint_sha256"], "0123");
  EXPECT_GT(record["seconds_per_sample"].get<double>(), 0);
  const io::ShardSet set(folder_ / "samples", "synthetic");
  ASSERT_EQ(set.size(), 600);
  EXPECT_TRUE(set.info().synthetic);
  EXPECT_EQ(set.info().spacing_mm, generator_.patches.spacing_mm);
  for (const std::int64_t i : {0, 1, 300, 599}) {
    const auto sample = set.at(i);
    EXPECT_EQ(sample.class_index, i % 2);
    char patient[16];
    std::snprintf(patient, sizeof patient, "SYN-%06d", static_cast<int>(i + 1));
    EXPECT_EQ(sample.patient, patient);
    for (const auto hu : sample.hu) EXPECT_NEAR(hu, i % 2 == 0 ? -400 : 400, 300);
    for (const auto label : sample.mask) EXPECT_EQ(label, i % 2);
  }
}

TEST_F(SampleShards, GoOnAfterAnInterruptionWithTheSameBytes) {
  write();
  const std::string first = bytes(0), second = bytes(1), third = bytes(2);
  fs::remove_all(folder_ / "samples");
  std::atomic<int> asked = 0;                            // 16 times for each 8 samples
  context_.interrupted = [&] { return ++asked > 760; };  // within the second batch of the second shard
  EXPECT_THROW(write(), Interrupted);
  EXPECT_EQ(bytes(0), first);
  EXPECT_FALSE(fs::exists(folder_ / "samples/synthetic-00001.safetensors"));
  const auto kept = fs::last_write_time(folder_ / "samples/synthetic-00000.safetensors");
  context_.interrupted = [] { return false; };
  const auto record = write();
  EXPECT_EQ(record["kept_from_before"], 360);  // a shard, and the batch of the next that was finished
  EXPECT_EQ(fs::last_write_time(folder_ / "samples/synthetic-00000.safetensors"), kept);
  EXPECT_EQ(bytes(1), second);
  EXPECT_EQ(bytes(2), third);
  EXPECT_FALSE(fs::exists(folder_ / "samples/.part"));
  EXPECT_FALSE(fs::exists(folder_ / "samples/unfinished-synthetic-00001.safetensors"));
}

TEST_F(SampleShards, KeepPairsOfAnUnfinishedShard) {
  config_.pairs = true;
  config_.sampler = "euler";
  config_.count = 250;
  write();
  const std::string pairs = ctforge::test::read_file(folder_ / "samples/pairs-00000.safetensors");
  fs::remove_all(folder_ / "samples");
  std::atomic<int> asked = 0;                            // 16 times for each 8 samples
  context_.interrupted = [&] { return ++asked > 430; };  // within the third batch of 104
  EXPECT_THROW(write(), Interrupted);
  context_.interrupted = [] { return false; };
  EXPECT_EQ(write()["kept_from_before"], 208);
  EXPECT_EQ(ctforge::test::read_file(folder_ / "samples/pairs-00000.safetensors"), pairs);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "samples"), {}), 4);  // with settings.json and the lock
}

TEST_F(SampleShards, DrawADamagedUnfinishedShardAgain) {
  config_.count = 250;
  write();
  const std::string whole = bytes(0);
  fs::remove_all(folder_ / "samples");
  std::atomic<int> asked = 0;                            // 16 times for each 8 samples
  context_.interrupted = [&] { return ++asked > 430; };  // within the third batch of 104
  EXPECT_THROW(write(), Interrupted);
  ctforge::test::write_file(folder_ / "samples/unfinished-synthetic-00000.safetensors", "half");
  context_.interrupted = [] { return false; };
  EXPECT_EQ(write()["kept_from_before"], 0);
  EXPECT_EQ(bytes(0), whole);
}

TEST_F(SampleShards, KeepWhatAnotherCountLeavesValid) {
  write();
  const std::string first = bytes(0);
  config_.count = 300;
  EXPECT_EQ(write()["kept_from_before"], 256);
  EXPECT_EQ(io::ShardSet(folder_ / "samples", "synthetic").size(), 300);
  EXPECT_EQ(bytes(0), first);
}

TEST_F(SampleShards, AreDrawnAnewForOtherSettingsOrAnotherCheckpoint) {
  config_.count = 10;
  write();
  const std::string before = bytes(0);
  config_.steps = 17;
  EXPECT_EQ(write()["kept_from_before"], 0);
  EXPECT_NE(bytes(0), before);
  generator_.checkpoint_sha256 = "4567";
  EXPECT_EQ(write()["kept_from_before"], 0);
  EXPECT_EQ(write()["kept_from_before"], 10);
}

TEST_F(SampleShards, ReplaceADamagedShard) {
  config_.count = 10;
  write();
  const std::string whole = bytes(0);
  ctforge::test::write_file(folder_ / "samples/synthetic-00000.safetensors", whole.substr(0, whole.size() / 2));
  EXPECT_EQ(write()["kept_from_before"], 0);
  EXPECT_EQ(bytes(0), whole);
}

TEST_F(SampleShards, DoNotDependOnTheBatchOrTheThreads) {
  config_.count = 20;
  config_.pairs = true;
  write();
  const auto pairs = [this] { return ctforge::test::read_file(folder_ / "samples/pairs-00000.safetensors"); };
  const std::string shard = bytes(0), latents = pairs();
  for (const std::int64_t batch : {1, 7, 64}) {
    for (const int threads : {1, 3}) {
      fs::remove_all(folder_ / "samples");
      torch::set_num_threads(threads);
      config_.batch = batch;
      write();
      EXPECT_EQ(bytes(0), shard) << batch;
      EXPECT_EQ(pairs(), latents) << batch;
    }
  }
}

TEST_F(SampleShards, MayBeDrawnInPartsSideBySide) {
  write();
  const std::string last = bytes(2);
  fs::remove_all(folder_ / "samples");
  context_.part = Part{1, 3};
  const auto record = write();
  EXPECT_EQ(record["drawn"], 256);
  EXPECT_FALSE(fs::exists(folder_ / "samples/synthetic-00000.safetensors"));
  EXPECT_FALSE(fs::exists(folder_ / "samples/samples.json"));
  // Another part at work keeps what it has not finished.
  fs::create_directories(folder_ / "samples/.part1");
  ctforge::test::write_file(folder_ / "samples/.ctforge-part-1-x", "x");
  context_.part = Part{2, 3};
  write();
  EXPECT_TRUE(fs::exists(folder_ / "samples/.part1"));
  EXPECT_TRUE(fs::exists(folder_ / "samples/.ctforge-part-1-x"));
  EXPECT_EQ(bytes(2), last);
  context_.part.reset();
  EXPECT_EQ(write()["kept_from_before"], 600 - 256);
  EXPECT_FALSE(fs::exists(folder_ / "samples/.part1"));
  EXPECT_FALSE(fs::exists(folder_ / "samples/.ctforge-part-1-x"));
}

}  // namespace
}  // namespace ctforge::pipeline
