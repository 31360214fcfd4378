// The state of each stage from files that a run leaves.
#include "pipeline/cluster/status.h"

#include "io/file/fault.h"
#include "pipeline/cluster/job_queue.h"
#include "pipeline/config/config.h"
#include "pipeline/run/folder_lock.h"
#include "pipeline/run/stage.h"
#include "tests/support/support.h"

#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

class Status : public testing::Test {
 protected:
  // The manifest of a run whose first stages are done.
  void finish(const std::vector<std::string>& stages) const {
    ordered_json manifest{{"schema", 1}, {"configuration", to_json_without_paths(config_)}};
    for (const std::string& stage : stages)
      manifest["stages"][stage] = {{"state", "done"},
                                   {"fingerprint", fingerprint(config_, stage)},
                                   {"seconds", 12.0},
                                   {"outputs", ordered_json::object()}};
    test::write_file(folder_ / "manifest.json", manifest.dump());
  }
  std::string state(const std::string& stage) const {
    return status_of(folder_.path(), {}).at("stages").at(stage).at("state").get<std::string>();
  }
  const Config config_ = read_config({}, {"run.stages=[prepare, train, sample, evaluate, report]"});
  const test::TemporaryFolder folder_;
};

TEST_F(Status, OfARunThatHasNotBegun) {
  const ordered_json status = status_of(folder_.path(), {});
  for (const auto& [stage, entry] : status.at("stages").items()) EXPECT_EQ(entry.at("state"), "waiting") << stage;
  EXPECT_THROW(status_of(folder_ / "elsewhere", {}), io::DataError);
}

TEST_F(Status, DoneInterruptedAndRunning) {
  finish({"prepare"});
  EXPECT_EQ(state("prepare"), "done");
  EXPECT_EQ(state("train"), "waiting");
  fs::create_directories(folder_ / "checkpoints");
  fs::create_directories(folder_ / "samples");  // of an earlier run
  EXPECT_EQ(state("train"), "interrupted");
  EXPECT_EQ(state("sample"), "waiting");
  {
    const FolderLock working(folder_.path());
    EXPECT_EQ(state("train"), "running");
    EXPECT_EQ(status_of(folder_.path(), {}).at("running"), true);
  }
  EXPECT_EQ(state("train"), "interrupted");
}

TEST_F(Status, AJobThatFailed) {
  finish({"prepare", "train"});
  test::write_file(folder_ / "jobs/exit/sample-2", "75\n");
  test::write_file(folder_ / "jobs/exit/sample-1", "0\n");
  EXPECT_EQ(state("sample"), "waiting");
  test::write_file(folder_ / "jobs/exit/sample-3", "3\n");
  const ordered_json sample = status_of(folder_.path(), {}).at("stages").at("sample");
  EXPECT_EQ(sample.at("state"), "failed");
  EXPECT_EQ(sample.at("exit_code"), 3);
}

TEST_F(Status, OtherSettingsThatWereSubmittedCountAsNotDone) {
  finish({"prepare", "train"});
  test::write_file(folder_ / "jobs/config.yaml", to_yaml(config_));
  EXPECT_EQ(state("train"), "done");
  Config changed = config_;
  changed.train.steps += 1;
  test::write_file(folder_ / "jobs/config.yaml", to_yaml(changed));
  EXPECT_EQ(state("prepare"), "done");
  EXPECT_NE(state("train"), "done");
  test::write_file(folder_ / "jobs/config.yaml", "of: another version\n");
  EXPECT_EQ(state("train"), "done");
}

TEST_F(Status, TheTableTellsHowFar) {
  finish({"prepare"});
  test::write_file(folder_ / "metrics.jsonl",
                   R"({"phase":"diffusion","kind":"train","step":1200,"loss":0.21349,"images_per_s":640.0})"
                   "\n");
  std::ostringstream text;
  show_status(folder_.path(), {}, text);
  EXPECT_NE(text.str().find("prepare   done         in 12 s\n"), std::string::npos) << text.str();
  EXPECT_NE(text.str().find("diffusion 1200/5000 steps, loss 0.213, 640 images/s, 3 min 10 s left"), std::string::npos)
      << text.str();
  write_job_record(folder_.path(), {"none", {{"train", "train", "train.sbatch", 1, "7", ""}}});
  std::ostringstream json;
  show_status(folder_.path(), {.json = true}, json);
  EXPECT_EQ(ordered_json::parse(json.str()).at("jobs").at(0).at("id"), "7");
}

}  // namespace
}  // namespace ctforge::pipeline
