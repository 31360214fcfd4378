// What was saved comes back part by part; a damaged part, and those after it, do not; nor does another attempt's.
#include "pipeline/prepare/prepare_progress.h"

#include "tests/support/support.h"

#include <iterator>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

io::ShardInfo shard_info() {
  io::ShardInfo info;
  info.height = info.width = 2;
  info.classes = {"a"};
  info.labels = {"background"};
  return info;
}

io::Patch patch() {
  io::Patch patch;
  patch.hu = {1, 2, 3, 4};
  patch.mask = {0, 0, 0, 0};
  patch.patient = "P-1";
  patch.series = "S-1";
  return patch;
}

CutSeries cut(std::int64_t patches) {
  CutSeries series;
  series.content = "c";
  series.scan_sha256 = "s";
  series.contoured = {1, 3};
  series.classes = {patches};
  series.dropped_unlabelled = 7;
  return series;
}

CutSeries refused() {
  CutSeries series;
  series.refusal = io::Finding{io::Fault::MissingSlice, "a gap"};
  return series;
}

TEST(PrepareProgress, ComesBack) {
  test::TemporaryFolder data;
  io::ShardWriter writer(data.path(), "train", shard_info(), 2);
  PrepareProgress progress(data.path(), "these settings");
  writer.add(patch());
  progress.save({{cut(1), refused()}}, {0, 0, 0}, &writer);
  writer.add(patch());
  progress.save({{cut(1)}, {}}, {writer.shards_written(), 0, 0}, &writer);
  PrepareProgress later(data.path(), "these settings");
  const PrepareState state = later.load();
  ASSERT_EQ(state.patients.size(), 3u);
  EXPECT_EQ(state.shards[0], 1);
  EXPECT_TRUE(state.unfinished.empty());
  ASSERT_EQ(state.patients[0].size(), 2u);
  EXPECT_EQ(state.patients[0][0].classes, std::vector<std::int64_t>{1});
  EXPECT_EQ(state.patients[0][0].contoured, (std::vector<int>{1, 3}));
  EXPECT_EQ(state.patients[0][0].dropped_unlabelled, 7);
  EXPECT_EQ(state.patients[0][1].refusal->fault, io::Fault::MissingSlice);
  EXPECT_EQ(state.patients[0][1].refusal->message, "a gap");

  writer.add(patch());
  later.save({{cut(1)}}, {1, 0, 0}, &writer);
  const PrepareState last = PrepareProgress(data.path(), "these settings").load();
  EXPECT_EQ(last.patients.size(), 4u);
  EXPECT_TRUE(fs::exists(last.unfinished));
  EXPECT_EQ(std::distance(fs::directory_iterator(data / "progress"), {}), 4);  // only the newest unfinished patches
}

TEST(PrepareProgress, OfOthersOrDamagedDoesNotCount) {
  test::TemporaryFolder data;
  PrepareProgress progress(data.path(), "these settings");
  for (int i = 0; i < 3; ++i) progress.save({{cut(0)}}, {0, 0, 0}, nullptr);
  EXPECT_TRUE(PrepareProgress(data.path(), "others").load().patients.empty());
  test::write_file(data / "progress/00000001.json", "{");
  EXPECT_EQ(PrepareProgress(data.path(), "these settings").load().patients.size(), 1u);
  PrepareProgress::remove(data.path());
  EXPECT_FALSE(fs::exists(data / "progress"));
}

}  // namespace
}  // namespace ctforge::pipeline
