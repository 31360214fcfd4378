// Directives and commands of OpenPBS's scripts. There is no PBS here to run them.
#include "pipeline/cluster/job_queue.h"
#include "pipeline/cluster/job_script.h"

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
        "/opt/ctforge launch -n 2 train --config ", "sleep 107880  # of 108000"})
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

}  // namespace
}  // namespace ctforge::pipeline
