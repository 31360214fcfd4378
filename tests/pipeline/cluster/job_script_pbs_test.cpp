// Directives and commands of OpenPBS's scripts. There is no PBS here to run them: bash does, with stand-ins.
#include "pipeline/cluster/job_queue.h"
#include "pipeline/cluster/job_script.h"
#include "tests/support/support.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

const JobPlaces kPbsPlaces = {"/opt/ctforge", "/runs/a b", "/w"};

TEST(PbsScript, SaysWhatItNeeds) {
  const Config config =
      read_config({}, {"cluster.scheduler=pbs", "cluster.partition=gpuq", "cluster.account=rad", "cluster.gpus=2",
                       "cluster.memory_gb=8", "cluster.constraint=gpu_model=a100", "cluster.train_time=1-06:00:00",
                       "cluster.sample_parts=2", "sample.count=512", "cluster.mail=a@b.c"});
  check_cluster(config);
  const auto jobs = plan_jobs(config, {"prepare", "train", "sample"});
  const std::string train = pbs_script(config, jobs[1], kPbsPlaces), sample = pbs_script(config, jobs[2], kPbsPlaces);
  for (const char* part :
       {"#PBS -N ctforge-train\n", "#PBS -q gpuq\n", "#PBS -A rad\n", "#PBS -o \"/runs/a b/jobs/logs/\"\n",
        "#PBS -l select=1:ncpus=8:ngpus=2:mem=8192mb:gpu_model=a100\n", "#PBS -l walltime=30:00:00\n", "#PBS -r y\n",
        "/opt/ctforge launch -n 2 train --config ", "sleep 107880 &  # of 108000"})
    EXPECT_NE(train.find(part), std::string::npos) << part << train;
  for (const char* part : {"#PBS -J 1-2\n", "--part \"$PBS_ARRAY_INDEX/2\" &", "exit/sample-$PBS_ARRAY_INDEX\n"})
    EXPECT_NE(sample.find(part), std::string::npos) << part << sample;
  EXPECT_EQ(sample.find("launch"), std::string::npos);
}

TEST(PbsScript, BashAndShellcheckTakeThem) {
  const Config config = read_config({}, {"cluster.scheduler=pbs", "cluster.setup=[module load x]"});
  const bool checker = run_tool({"shellcheck", "--version"}).exit_code == 0;
  for (const Job& job : plan_jobs(config, kStages, {{0.5, {"prepare", "train", "sample"}}})) {
    const std::string text = pbs_script(config, job, kPbsPlaces);
    EXPECT_EQ(run_tool({"bash", "-n", "-c", text}).output, "") << text;
    if (!checker) continue;
    EXPECT_EQ(run_tool({"bash", "-c", "shellcheck - <<<\"$1\"", "-", text}).output, "");
  }
  if (!checker) GTEST_SKIP() << "shellcheck is not installed: scripts were checked by bash alone";
}

class PbsAttempts : public testing::Test {
 protected:
  void SetUp() override {
    test::write_file(folder_ / "ctforge", "#!/bin/bash\necho x >>ran\nexit \"$(cat code)\"\n");
    std::filesystem::permissions(folder_ / "ctforge", std::filesystem::perms::owner_all);
    std::filesystem::create_directories(folder_ / "jobs/exit");
  }
  std::string script(const std::vector<std::string>& further = {}) const {
    std::vector<std::string> assignments = {"cluster.scheduler=pbs", "cluster.gpus=0"};
    assignments.insert(assignments.end(), further.begin(), further.end());
    const Config config = read_config({}, assignments);
    return pbs_script(config, plan_jobs(config, {"train"})[0], {folder_ / "ctforge", folder_.path(), folder_.path()});
  }
  // What the next job of the stage ends with where the program would end with this.
  int attempt(int code) const {
    test::write_file(folder_ / "code", std::to_string(code));
    // Of the waits only the clock's is a real one.
    const std::string quick = "sleep() { if (($1 > 120)); then exec sleep 5; else echo \"$1\" >>slept; fi; }\n";
    return run_tool({"bash", "-c", quick + script()}).exit_code;
  }
  std::string lines(const std::string& name) const { return test::read_file(folder_ / name); }
  const test::TemporaryFolder folder_;
};

TEST_F(PbsAttempts, GoOnAfterAKillButNotForEver) {
  EXPECT_EQ(attempt(137), 137);
  EXPECT_EQ(attempt(1), 1);
  EXPECT_EQ(attempt(134), 134);
  EXPECT_EQ(lines("slept"), "60\n120\n");
  EXPECT_EQ(attempt(0), 134) << "cluster.retries is used up";
  EXPECT_EQ(lines("ran"), "x\nx\nx\n");
}

TEST_F(PbsAttempts, CountAnewAfterAnOrderlyStop) {
  EXPECT_EQ(attempt(137), 137);
  EXPECT_EQ(attempt(75), 75);
  EXPECT_EQ(attempt(1), 1);
  EXPECT_EQ(attempt(0), 0);
  EXPECT_EQ(lines("slept"), "60\n60\n");
  EXPECT_EQ(lines("jobs/exit/train"), "0\n");
}

TEST_F(PbsAttempts, DoNotRepeatWhatSomebodyHasToMend) {
  for (const int code : {2, 3}) {
    test::write_file(folder_ / "jobs/exit/train", "0\n");
    EXPECT_EQ(attempt(code), code);
    EXPECT_EQ(attempt(0), code);
  }
  EXPECT_EQ(lines("ran"), "x\nx\n");
}

// Its time limit comes while it waits for the folder: it stops in time, and has begun nothing.
TEST_F(PbsAttempts, TheClockRunsFromTheBeginning) {
  test::write_file(folder_ / "code", "0");
  const std::string held = "flock '" + (folder_ / ".ctforge.lock").string() + "' sleep 4 &\nsleep 0.3\n";
  const auto result = run_tool({"bash", "-c", held + script({"cluster.train_time=00:02:01"})});
  EXPECT_EQ(result.exit_code, 75) << result.output;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "ran"));
}

}  // namespace
}  // namespace ctforge::pipeline
