// Checkpoints go round exactly, damage is found, the one before is used, old ones go.
#include "models/train/checkpoint.h"

#include "io/file/fault.h"
#include "tests/support/support.h"

#include <csignal>
#include <iterator>
#include <system_error>

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace ctforge::train {
namespace {

Checkpoint example(std::int64_t step) {
  Checkpoint checkpoint;
  checkpoint.step = step;
  checkpoint.tensors["weights.a"] = torch::arange(6, torch::kFloat32).reshape({2, 3}).t();  // not contiguous
  checkpoint.tensors["adamw.step.a"] = torch::full({1}, step, torch::kInt64);
  checkpoint.metadata["configuration"] = R"({"batch":4})";
  return checkpoint;
}

void flip_byte(const std::filesystem::path& file, std::size_t from_end) {
  std::string bytes = test::read_file(file);
  bytes[bytes.size() - from_end] = static_cast<char>(bytes[bytes.size() - from_end] ^ 1);
  test::write_file(file, bytes);
}

TEST(Checkpoint, GoesRoundExactly) {
  const test::TemporaryFolder folder;
  const CheckpointStore store(folder.path(), "generator");
  Checkpoint written = example(12);
  store.save(written);
  ASSERT_EQ(store.files().size(), 1U);
  EXPECT_EQ(store.files()[0].filename(), "generator-000000012.safetensors");
  const Checkpoint read = *store.load_newest();
  EXPECT_EQ(read.step, 12);
  EXPECT_EQ(read.sha256, written.sha256);
  EXPECT_EQ(read.sha256.size(), 64U);
  EXPECT_EQ(read.metadata.at("configuration"), R"({"batch":4})");
  EXPECT_TRUE(torch::equal(read.tensors.at("weights.a"), written.tensors.at("weights.a")));
  EXPECT_EQ(with_prefix(read.tensors, "weights.").size(), 1U);
  EXPECT_EQ(with_prefix(read.tensors, "weights.").begin()->first, "a");
}

TEST(Checkpoint, KeepsTheNewest) {
  const test::TemporaryFolder folder;
  const CheckpointStore store(folder.path(), "generator", 2);
  const CheckpointStore other(folder.path(), "autoencoder", 1);
  for (const std::int64_t step : {1, 2, 3, 10}) {
    Checkpoint checkpoint = example(step);
    store.save(checkpoint);
  }
  Checkpoint checkpoint = example(7);
  other.save(checkpoint);
  ASSERT_EQ(store.files().size(), 2U);
  EXPECT_EQ(load_checkpoint(store.files()[0]).step, 10);
  EXPECT_EQ(load_checkpoint(store.files()[1]).step, 3);
  EXPECT_EQ(other.files().size(), 1U);
}

TEST(Checkpoint, KeepsEveryNthForGood) {
  const test::TemporaryFolder folder;
  const CheckpointStore store(folder.path(), "generator", 2, 10);
  for (const std::int64_t step : {5, 10, 15, 20, 25, 30, 35}) {
    Checkpoint checkpoint = example(step);
    store.save(checkpoint);
  }
  std::vector<std::int64_t> kept;
  for (const auto& file : store.files()) kept.push_back(load_checkpoint(file).step);
  EXPECT_EQ(kept, (std::vector<std::int64_t>{35, 30, 20, 10}));
  EXPECT_THROW(CheckpointStore(folder.path(), "generator", 1, -1), std::invalid_argument);
}

// As a full disk stops it: the file size limit ends the write in the middle.
TEST(Checkpoint, OneThatCannotBeWrittenLeavesThoseBefore) {
  const test::TemporaryFolder folder;
  const CheckpointStore store(folder.path(), "generator", 2);
  Checkpoint first = example(1);
  store.save(first);
  Checkpoint large = example(2);
  large.tensors["weights.b"] = torch::zeros({100'000});
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {4096, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(store.save(large), std::system_error);
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  EXPECT_EQ(store.load_newest()->step, 1);
  store.save(large);
  EXPECT_EQ(store.load_newest()->step, 2);
}

TEST(Checkpoint, DamagedNewestGivesWayToTheOneBefore) {
  const test::TemporaryFolder folder;
  const CheckpointStore store(folder.path(), "generator", 3);
  for (const std::int64_t step : {1, 2, 3}) {
    Checkpoint checkpoint = example(step);
    store.save(checkpoint);
  }
  const auto files = store.files();
  flip_byte(files[0], 3);  // in the data: only the checksum can tell
  test::write_file(files[1], test::read_file(files[1]).substr(0, 100));
  std::vector<std::string> warnings;
  const auto found = store.load_newest([&](const std::string& line) { warnings.push_back(line); });
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->step, 1);
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_NE(warnings[0].find("generator-000000003.safetensors is damaged"), std::string::npos);
  EXPECT_THROW(load_checkpoint(files[0]), io::DataError);

  // The run that went on from step 1 overtakes the damaged files, which must not count as its newest.
  Checkpoint next = example(2);
  store.save(next);
  EXPECT_EQ(store.load_newest()->step, 2);
  EXPECT_EQ(store.files().size(), 2U);
}

TEST(Checkpoint, WhatCannotBeOpenedIsNotTakenForDamaged) {
  const test::TemporaryFolder folder;
  const CheckpointStore store(folder.path(), "generator");
  Checkpoint checkpoint = example(7);
  store.save(checkpoint);
  rlimit before = {};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none = {0, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  EXPECT_THROW(store.load_newest(), io::DataError);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(store.load_newest()->step, 7);
}

TEST(Checkpoint, NothingToLoadIsNoError) {
  const test::TemporaryFolder folder;
  EXPECT_FALSE(CheckpointStore(folder / "absent", "generator").load_newest().has_value());
  EXPECT_THROW(CheckpointStore(folder.path(), "generator", 0), std::invalid_argument);
}

TEST(Checkpoint, ConfigurationDifferencesAreNamed) {
  const auto differences = configuration_differences(R"({"a":1,"unet":{"channels":[64],"old":2}})",
                                                     R"({"a":1,"unet":{"channels":[32],"new":3}})");
  ASSERT_EQ(differences.size(), 3U);
  EXPECT_EQ(differences[0], "unet.channels was [64], is now [32]");
  EXPECT_EQ(differences[1], "unet.old was 2, is now absent");
  EXPECT_EQ(differences[2], "unet.new was absent, is now 3");
  EXPECT_TRUE(configuration_differences(R"({"a":1, "b":2})", R"({"b":2,"a":1})").empty());
}

}  // namespace
}  // namespace ctforge::train
