// Counting by several measures, and a verdict on a folder's samples.
#include "pipeline/sample/release.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/sample/filter.h"
#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(Release, CopiesByAnyMeasureCountOnce) {
  ReleaseVerdict verdict({.quantile = 0.1, .most_copies = 0.5}, {"a", "b", "c", "d"});
  EXPECT_EQ(verdict.json().at("state"), "not judged");
  verdict.add("nothing", {1, 1, 1, 1}, {0, 1, 2, 3}, {}, true);  // no held-out patches: nothing is said
  EXPECT_EQ(verdict.json().at("state"), "not judged");
  const std::vector<double> held_out = {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0};
  verdict.add("correlation", {0.95, 0.9, 0.1, 0.99}, {0, 1, 2, 3}, held_out, true);  // above 0.9
  verdict.add("distance", {0.05, 5}, {3, 1}, held_out, false);                       // below 0.1
  const auto json = verdict.json();
  EXPECT_EQ(json.at("copies"), 2);
  EXPECT_EQ(json.at("drop"), (nlohmann::ordered_json{"a", "d"}));
  EXPECT_EQ(json.at("state"), "releasable");
  EXPECT_NEAR(json.at("measures").at("correlation").at("limit").get<double>(), 0.9, 1e-12);
  EXPECT_EQ(json.at("measures").at("distance").at("copies"), 1);
  ReleaseVerdict strict({.quantile = 0.1, .most_copies = 0.49}, {"a", "b"});
  strict.add("correlation", {0.95, 0}, {0, 1}, held_out, true);
  EXPECT_EQ(strict.json().at("state"), "not releasable");
}

TEST(Release, SamplesOfAFolder) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const Context context = test::context_of(folder.path());
  EXPECT_EQ(judge_samples({.most_copies = 0.4}, context).at("state"), "releasable");
  EXPECT_TRUE(read_verdict(folder.path()).is_null());
  test::write_shards(folder / "samples", "synthetic", "SYN", 24, 1, true);  // the seed of the training patches
  const auto verdict = judge_samples({}, context);
  EXPECT_EQ(verdict.at("state"), "not releasable");
  EXPECT_EQ(verdict.at("share"), 1.0);
  io::write_atomically(folder / "samples" / "release.json", verdict.dump());
  EXPECT_EQ(read_verdict(folder.path()), verdict);
  std::filesystem::create_directories(folder / "evaluation");
  auto earlier = verdict;
  earlier["set"] = "of other samples";
  io::write_atomically(folder / "evaluation" / "release.json", earlier.dump());
  EXPECT_EQ(read_verdict(folder.path()), verdict);
  std::filesystem::remove_all(folder / "evaluation");
  EXPECT_THROW(releasable_dicom(folder.path(), false), ConfigError);
  EXPECT_EQ(releasable_dicom(folder.path(), true), folder / "samples" / "dicom");
  io::write_atomically(folder / "samples" / "release.json", "{\"state\": \"releas");
  EXPECT_THROW(releasable_dicom(folder.path(), false), io::DataError);
  EXPECT_EQ(releasable_dicom(folder.path(), true), folder / "samples" / "dicom");
  std::filesystem::remove(folder / "samples" / "release.json");
  EXPECT_THROW(releasable_dicom(folder.path(), false), ConfigError);  // nobody judged
  for (const char* split : {"validation-00000.safetensors", "test-00000.safetensors", "test-00001.safetensors"})
    std::filesystem::remove(folder / "data" / split);
  EXPECT_EQ(judge_samples({}, context).at("state"), "not judged");
}

TEST(Release, TakesWhatFilterKeptOfTheseSamplesByTheLatestVerdict) {
  const test::TemporaryFolder folder;
  const auto samples = folder / "samples", released = folder / "released" / "dicom";
  test::write_shards(samples, "synthetic", "SYN", 24, 4, true);
  io::write_atomically(samples / "samples.json", "{}");
  const auto judged = [&](const char* state, const char* drop) {
    nlohmann::ordered_json verdict = {{"set", set_identity(samples)}, {"state", state}, {"drop", {drop}}};
    io::write_atomically(samples / "release.json", verdict.dump());
  };
  judged("not releasable", "SYN-0");
  filter_samples({.run = folder.path()});
  EXPECT_EQ(releasable_dicom(folder.path(), false), released);
  filter_samples({.run = folder.path(), .copies = false});
  EXPECT_THROW(releasable_dicom(folder.path(), false), ConfigError);  // copies were left in
  EXPECT_EQ(releasable_dicom(folder.path(), true), released);
  filter_samples({.run = folder.path()});
  judged("not releasable", "SYN-1");
  EXPECT_THROW(releasable_dicom(folder.path(), false), ConfigError);  // another verdict since
  filter_samples({.run = folder.path()});
  EXPECT_EQ(releasable_dicom(folder.path(), false), released);
  test::write_shards(samples, "synthetic", "SYN", 24, 5, true);  // drawn again
  EXPECT_THROW(releasable_dicom(folder.path(), false), ConfigError);
  io::write_atomically(folder / "released" / "filter.json", "{}");
  judged("releasable", "SYN-1");
  EXPECT_THROW(releasable_dicom(folder.path(), false), ConfigError);  // nobody knows what was kept
}

}  // namespace
}  // namespace ctforge::pipeline
