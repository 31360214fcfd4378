// What is flagged stays behind, in every format.
#include "pipeline/sample/filter.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "io/file/shard.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/sample/release.h"
#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// Six samples of four patches each, SYN-0 to SYN-5, the first two flagged.
void write_samples(const fs::path& run) {
  const fs::path samples = run / "samples";
  test::write_shards(samples, "synthetic", "SYN", 24, 4, true);
  for (const char* name : {"SYN-0", "SYN-3"}) {
    fs::create_directories(samples / "dicom" / name);
    io::write_atomically(samples / "dicom" / name / "CT000001.dcm", "CT");
    io::write_atomically(samples / "dicom" / (std::string(name) + "_seg.dcm"), "SEG");
  }
  io::write_atomically(samples / "samples.json", R"({"checkpoint_sha256": "c", "train_sha256": "t"})");
  ordered_json verdict = {{"set", set_identity(samples)}, {"state", "not releasable"}, {"drop", {"SYN-0", "SYN-1"}}};
  io::write_atomically(samples / "release.json", verdict.dump());
}

TEST(Filter, LeavesOutWhatIsFlagged) {
  const test::TemporaryFolder run;
  write_samples(run.path());
  fs::create_directories(run / "evaluation");
  io::write_atomically(run / "evaluation" / "quality.json",
                       R"({"rejected": [{"sample": "SYN-1"}, {"sample": "SYN-2"}]})");
  for (int again = 0; again < 2; ++again) {
    const FilterResult result = filter_samples({.run = run.path()});
    EXPECT_EQ(result.samples, 24);
    EXPECT_EQ(result.copies, 2);
    EXPECT_EQ(result.labels, 2);
    EXPECT_EQ(result.kept, 12);
  }
  const io::ShardSet kept(run / "released", "synthetic");
  EXPECT_TRUE(kept.info().synthetic);
  for (std::int64_t i = 0; i < kept.size(); ++i) EXPECT_GE(kept.at(i).patient, "SYN-3");
  EXPECT_TRUE(fs::exists(run / "released" / "dicom" / "SYN-3" / "CT000001.dcm"));
  EXPECT_TRUE(fs::exists(run / "released" / "dicom" / "SYN-3_seg.dcm"));
  EXPECT_FALSE(fs::exists(run / "released" / "dicom" / "SYN-0"));
  EXPECT_FALSE(fs::exists(run / "released" / "dicom" / "SYN-0_seg.dcm"));
  EXPECT_EQ(filter_samples({.run = run.path(), .labels = false}).kept, 16);
  EXPECT_EQ(filter_samples({.run = run.path(), .copies = false, .labels = false}).kept, 24);
}

TEST(Filter, RefusesWhatNobodyJudgedAndFoldersOfOthers) {
  const test::TemporaryFolder run;
  EXPECT_THROW(filter_samples({.run = run.path()}), io::DataError);
  write_samples(run.path());
  fs::create_directories(run / "mine");
  io::write_atomically(run / "mine" / "thesis.txt", "years of work");
  EXPECT_THROW(filter_samples({.run = run.path(), .to = run / "mine"}), ConfigError);
  EXPECT_TRUE(fs::exists(run / "mine" / "thesis.txt"));
  ordered_json verdict = {
      {"set", set_identity(run / "samples")}, {"state", "not judged"}, {"drop", ordered_json::array()}};
  io::write_atomically(run / "samples" / "release.json", verdict.dump());
  EXPECT_THROW(filter_samples({.run = run.path()}), io::DataError);
  EXPECT_EQ(filter_samples({.run = run.path(), .copies = false}).kept, 24);
}

}  // namespace
}  // namespace ctforge::pipeline
