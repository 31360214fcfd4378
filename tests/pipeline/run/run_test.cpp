// Stages are run in order and once, and what does not go together is refused before any work.
#include "pipeline/run/run.h"

#include "io/file/fault.h"
#include "pipeline/run/folder_lock.h"
#include "pipeline/run/manifest.h"
#include "pipeline/run/stage.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(Run, PhantomStageIsRecordedAndNotRunAgain) {
  test::TemporaryFolder folder;
  Config config = read_config({}, {"phantom.patients=1", "run.threads=2"});
  run_stages(config, {"phantom"}, folder.path());
  const std::string first = test::read_file(folder / "manifest.json");
  EXPECT_NE(first.find("\"state\": \"done\""), std::string::npos);
  run_stages(config, {"phantom"}, folder.path());
  EXPECT_EQ(test::read_file(folder / "manifest.json"), first);
}

TEST(Run, IsWatched) {
  test::TemporaryFolder folder;
  const std::string prometheus = (folder / "run.prom").string();
  const Config config =
      read_config({}, {"phantom.patients=1", "run.threads=2", "run.name=night", "run.prometheus=" + prometheus});
  EXPECT_THROW(run_stages(config, {"prepare"}, folder / "out"), io::DataError);  // before it begins: nothing to tell
  EXPECT_FALSE(std::filesystem::exists(folder / "out" / "events.jsonl"));
  EXPECT_NE(test::read_file(prometheus).find("ctforge_exit_code{run=\"night\"} 3"), std::string::npos);
  run_stages(config, {"phantom"}, folder / "out");
  const std::string events = test::read_file(folder / "out" / "events.jsonl");
  EXPECT_NE(events.find(R"("event":"stage_started","stage":"phantom")"), std::string::npos);
  EXPECT_NE(events.find(R"("event":"stage_finished","stage":"phantom")"), std::string::npos);
  EXPECT_NE(test::read_file(prometheus).find("ctforge_exit_code{run=\"night\"} 0"), std::string::npos);
  EXPECT_EQ(test::read_file(folder / "out" / "manifest.json").find(prometheus), std::string::npos);
}

TEST(Run, TheReportNeedsNoOwnership) {
  test::TemporaryFolder folder;
  const FolderLock others(folder.path());
  const Config config;
  run_stages(config, {"report"}, folder.path());
  EXPECT_TRUE(std::filesystem::exists(folder / "report.html"));
  EXPECT_FALSE(std::filesystem::exists(folder / "manifest.json"));
  EXPECT_THROW(run_stages(config, {"phantom", "report"}, folder.path()), ConfigError);
}

TEST(Run, StagesRefuseWhatIsHalfMade) {
  test::TemporaryFolder folder;
  const Config config;
  EXPECT_THROW(run_stages(config, {"train"}, folder.path()), io::DataError);
  std::filesystem::create_directories(folder / "data");  // as a killed prepare leaves it
  for (const char* stage : {"train", "sample", "evaluate"}) {
    try {
      run_stages(config, {stage}, folder.path());
      FAIL() << stage;
    } catch (const io::DataError& error) {
      EXPECT_NE(std::string(error.what()).find("run prepare first"), std::string::npos) << error.what();
    }
  }
}

TEST(Run, RemovesLeftoversAndRecordsNoPathsOfTheData) {
  test::TemporaryFolder folder;
  test::write_file(folder / ".ctforge-part-1-manifest.json", "{");
  const std::filesystem::path others = folder / "fractions/0.5/data/.ctforge-part-1-x";  // of a job of its own
  test::write_file(others, "{");
  const Config config = read_config({}, {"phantom.patients=1", "run.threads=2", "prepare.input=/data/somebody"});
  EXPECT_EQ(run_stages(config, {"phantom"}, folder.path()), 0);
  EXPECT_FALSE(std::filesystem::exists(folder / ".ctforge-part-1-manifest.json"));
  EXPECT_TRUE(std::filesystem::exists(others));
  EXPECT_EQ(test::read_file(folder / "manifest.json").find("somebody"), std::string::npos);
}

TEST(Run, WhatFollowedFromAStageNoLongerCountsWhenItIsDoneAnew) {
  test::TemporaryFolder folder;
  const std::vector<std::string> settings = {"phantom.patients=3",
                                             "phantom.slices=8",
                                             "run.threads=2",
                                             "run.stages=[phantom, prepare]",
                                             "prepare.split.test_patients=1",
                                             "prepare.split.validation_patients=0"};
  Config config = read_config({}, settings);
  run_stages(config, {"phantom", "prepare"}, folder.path());
  ASSERT_TRUE(std::filesystem::exists(folder / "data" / "prepare.json"));
  config.run.seed += 1;
  run_stages(config, {"phantom"}, folder.path());
  EXPECT_FALSE(std::filesystem::exists(folder / "data" / "prepare.json"));
}

TEST(Run, TellsThatTheInputHasChangedAndKeepsWhatWasMadeOfIt) {
  test::TemporaryFolder folder;
  run_stages(read_config({}, {"phantom.patients=3", "phantom.slices=8", "run.threads=2"}), {"phantom"}, folder / "a");
  const Config config =
      read_config({}, {"prepare.input=" + (folder / "a/cohort").string(), "prepare.images=*_ct.nii.gz",
                       "prepare.masks=*_seg.nii.gz", "prepare.split.test_patients=1",
                       "prepare.split.validation_patients=0", "run.threads=2"});
  const auto log_of_prepare = [&] {
    testing::internal::CaptureStderr();
    run_stages(config, {"prepare"}, folder / "b");
    return testing::internal::GetCapturedStderr();
  };
  log_of_prepare();
  const std::string done = test::read_file(folder / "b/manifest.json");
  EXPECT_EQ(log_of_prepare().find("changed"), std::string::npos);
  for (const std::string& file : files_below(folder / "a", "cohort"))
    if (file.find("002") != std::string::npos) std::filesystem::remove(folder / "a" / file);
  EXPECT_NE(log_of_prepare().find("come, gone or changed"), std::string::npos);
  std::filesystem::remove_all(folder / "a/cohort");
  std::filesystem::create_directory(folder / "a/cohort");  // a mount point with nothing mounted
  EXPECT_EQ(log_of_prepare().find("changed"), std::string::npos);
  EXPECT_EQ(test::read_file(folder / "b/manifest.json"), done);
}

TEST(Run, DeterministicRefusesToGoOnUnderOtherConditions) {
  test::TemporaryFolder folder;
  const Config config = read_config({}, {"phantom.patients=1", "run.threads=1", "run.deterministic=true"});
  {
    Manifest manifest(folder.path());
    manifest.describe_run(
        {}, 1, {{"ctforge", "another"}, {"device", "cpu"}, {"machine", ""}, {"threads", 1}, {"deterministic", true}});
    manifest.begin("phantom", fingerprint(config, "phantom"));
  }
  EXPECT_THROW(run_stages(config, {"phantom"}, folder.path()), io::DataError);
  run_stages(read_config({}, {"phantom.patients=1", "run.threads=1"}), {"phantom"}, folder.path());
  EXPECT_EQ(Manifest(folder.path()).json()["stages"]["phantom"]["made_by"].size(), 2u);
}

TEST(Run, CudaWithoutGpuIsOneClearProblem) {
  if (resolve_device("auto") == "cuda") GTEST_SKIP() << "this machine has a GPU";
  try {
    resolve_device("cuda");
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.problems().size(), 1U);
  }
}

}  // namespace
}  // namespace ctforge::pipeline
