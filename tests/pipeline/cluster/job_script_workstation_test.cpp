// The script for one machine, run with a stand-in for the program.
#include "pipeline/cluster/job_queue.h"
#include "pipeline/cluster/job_script.h"
#include "tests/support/support.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

// Tells its arguments and its GPU; the first time part 2 leaves with 75, and prepare always with 3.
constexpr const char* kStandIn = R"BASH(#!/bin/bash
echo "$* gpu=${CUDA_VISIBLE_DEVICES-all}" | sed 's/--config .* --threads 4//' >>told
case "$*" in
  *'--part 2/3') [[ -e once ]] || { touch once; exit 75; } ;;
  prepare*) exit 3 ;;
  report*) read -r code <report-codes; sed -i 1d report-codes; exit "$code" ;;
esac
)BASH";

class WorkstationScript : public testing::Test {
 protected:
  void SetUp() override {
    test::write_file(folder_ / "ctforge", kStandIn);
    fs::permissions(folder_ / "ctforge", fs::perms::owner_all);
    test::write_file(folder_ / "report-codes", "0\n");
    test::write_file(folder_ / "data/prepare.json", "{}");
    fs::create_directories(folder_ / "jobs/exit");
  }
  std::string plain_script() const {
    const Config config = read_config({}, {"cluster.scheduler=none", "cluster.gpus=2", "cluster.sample_parts=3",
                                           "sample.count=768", "run.device=cuda"});
    check_cluster(config);
    return workstation_script(config, plan_jobs(config, {"prepare", "train", "sample", "report"}),
                              {folder_ / "ctforge", folder_.path(), folder_.path()});
  }
  // With pauses that take no time.
  std::string script() const { return "sleep() { echo \"pause $1\" >>told; }\n" + plain_script(); }
  const test::TemporaryFolder folder_;
};

TEST_F(WorkstationScript, RunsPartsSideBySideAndGoesOnAfterAnInterruption) {
  const auto result = run_tool({"bash", "-c", script()});
  ASSERT_EQ(result.exit_code, 0) << result.output;
  EXPECT_NE(result.output.find("some series were refused"), std::string::npos);
  const auto sorted = run_tool({"sort", folder_ / "told"}).output;
  // Part 3 waits for the first two; all begin again, and those that are done find nothing to do.
  EXPECT_EQ(sorted,
            "launch -n 2 train  gpu=all\n"
            "prepare  gpu=all\n"
            "report  gpu=all\n"
            "sample  --part 1/3 gpu=0\nsample  --part 1/3 gpu=0\n"
            "sample  --part 2/3 gpu=1\nsample  --part 2/3 gpu=1\n"
            "sample  --part 3/3 gpu=0\n"
            "sample  gpu=all\n");
  EXPECT_EQ(test::read_file(folder_ / "jobs/exit/report"), "0\n");
}

TEST_F(WorkstationScript, AFailureEndsIt) {
  test::write_file(folder_ / "report-codes", "2\n0\n");
  EXPECT_EQ(run_tool({"bash", "-c", script()}).exit_code, 2);
  EXPECT_EQ(test::read_file(folder_ / "jobs/exit/report"), "2\n");
  EXPECT_EQ(test::read_file(folder_ / "told").find("pause"), std::string::npos);
}

TEST_F(WorkstationScript, WhatIsKilledIsTriedAgainAFewTimes) {
  test::write_file(folder_ / "report-codes", "137\n1\n0\n");
  EXPECT_EQ(run_tool({"bash", "-c", script()}).exit_code, 0);
  EXPECT_NE(test::read_file(folder_ / "told").find("gpu=all\npause 60\nreport  gpu=all\npause 120\nreport"),
            std::string::npos);
  test::write_file(folder_ / "report-codes", "1\n1\n134\n0\n");
  EXPECT_EQ(run_tool({"bash", "-c", script()}).exit_code, 134);
  EXPECT_EQ(test::read_file(folder_ / "jobs/exit/report"), "134\n");
}

TEST_F(WorkstationScript, ShellcheckTakesIt) {
  if (run_tool({"shellcheck", "--version"}).exit_code != 0) GTEST_SKIP() << "shellcheck is not installed";
  EXPECT_EQ(run_tool({"bash", "-c", "shellcheck - <<<\"$1\"", "-", plain_script()}).output, "");
}

}  // namespace
}  // namespace ctforge::pipeline
