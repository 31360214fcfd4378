// Directives and commands of Slurm's scripts, that bash and shellcheck take them, and when they go back to the queue.
#include "pipeline/cluster/job_queue.h"
#include "pipeline/cluster/job_script.h"
#include "tests/support/support.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

const JobPlaces kSlurmPlaces = {"/opt/ctforge", "/runs/50% a", "/home of/x"};

std::vector<std::string> scripts(const std::vector<std::string>& assignments) {
  const Config config = read_config({}, assignments);
  check_cluster(config);
  std::vector<std::string> texts;
  for (const Job& job : plan_jobs(config, kStages, {{0.5, {"prepare", "train", "sample"}}}))
    texts.push_back(slurm_script(config, job, kSlurmPlaces));
  return texts;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(SlurmScript, SaysWhatItNeeds) {
  const auto texts = scripts({"cluster.partition=gpu", "cluster.cpu_partition=cpu", "cluster.account=rad",
                              "cluster.gpus=2", "cluster.gpu_type=a100", "cluster.nodes=3", "cluster.memory_gb=1.5",
                              "cluster.directives=['--exclusive']"});
  const std::string& prepare = texts[1];
  const std::string& train = texts[2];
  for (const char* line :
       {"#SBATCH --job-name=ctforge-train\n", "#SBATCH --output=\"/runs/50%% a/jobs/logs/%x-%j.log\"\n",
        "#SBATCH --partition=gpu\n", "#SBATCH --account=rad\n", "#SBATCH --nodes=3\n", "#SBATCH --ntasks-per-node=2\n",
        "#SBATCH --gres=gpu:a100:2\n", "#SBATCH --mem=1536M\n", "#SBATCH --time=1-00:00:00\n",
        "#SBATCH --signal=B:USR1@120\n", "#SBATCH --requeue\n", "#SBATCH --open-mode=append\n",
        "#SBATCH --kill-on-invalid-dep=yes\n", "#SBATCH --exclusive\n", "run='/runs/50% a'\n", "cd '/home of/x'\n",
        "srun --mpi=none --kill-on-bad-exit=1 --cpus-per-task=4 /opt/ctforge train "})
    EXPECT_TRUE(has(train, line)) << line << train;
  EXPECT_TRUE(has(prepare, "#SBATCH --partition=cpu\n"));
  EXPECT_TRUE(has(prepare, "data/prepare.json"));
  for (const char* part : {"--gres", "--qos", "--mail", "--array"}) EXPECT_FALSE(has(prepare, part)) << part;
  // The processes find each other by what srun tells them: on one node by the loopback, which nobody else reaches.
  EXPECT_FALSE(has(train, "MASTER_")) << train;
  EXPECT_FALSE(has(train, "data/prepare.json"));
}

TEST(SlurmScript, TasksOfAnArrayRequeueThemselves) {
  const auto texts = scripts({"cluster.sample_parts=4", "sample.count=1024", "cluster.parts_at_once=2"});
  const std::string& sample = texts[3];
  for (const char* part : {"#SBATCH --array=1-4%2\n", "/%x-%A-%a.log\"\n", "--part \"$SLURM_ARRAY_TASK_ID/4\" &",
                           "job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID\n", "exit/sample-$SLURM_ARRAY_TASK_ID\n"})
    EXPECT_TRUE(has(sample, part)) << part << sample;
  EXPECT_FALSE(has(texts[4], "--part"));
}

TEST(SlurmScript, BashAndShellcheckTakeThem) {
  const bool checker = run_tool({"shellcheck", "--version"}).exit_code == 0;
  for (const auto& assignments :
       {std::vector<std::string>{},
        {"cluster.gpus=0", "cluster.mail=a@b.c", "cluster.modules=[x]"},
        {"cluster.sample_parts=4", "sample.count=1024", "cluster.nodes=2", "cluster.container=/a b/c.sif"}}) {
    for (const std::string& text : scripts(assignments)) {
      EXPECT_EQ(run_tool({"bash", "-n", "-c", text}).output, "") << text;
      if (!checker) continue;
      const auto checked = run_tool({"bash", "-c", "shellcheck - <<<\"$1\"", "-", text});
      EXPECT_EQ(checked.output, "");
    }
  }
  if (!checker) GTEST_SKIP() << "shellcheck is not installed: scripts were checked by bash alone";
}

// The script of the training, with stand-ins for srun, which ends as it is told, and for the scheduler.
class SlurmScriptRuns : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("PATH", (folder_.path().string() + ":" + path_).c_str(), 1);
    ::setenv("SLURM_JOB_ID", "7", 1);
    stand_in("srun", "echo x >>ran; exit \"$(cat code)\"");
    stand_in("squeue", "echo RUNNING");
    stand_in("scontrol", "echo \"$*\" >>asked");
    stand_in("sleep", "echo \"$1\" >>slept");
    std::filesystem::create_directories(folder_ / "jobs/exit");
  }
  void TearDown() override {
    ::setenv("PATH", path_.c_str(), 1);
    for (const char* name : {"SLURM_JOB_ID", "SLURM_RESTART_COUNT"}) ::unsetenv(name);
  }
  void stand_in(const std::string& name, const std::string& lines) const {
    test::write_file(folder_ / name, "#!/bin/bash\n" + lines + "\n");
    std::filesystem::permissions(folder_ / name, std::filesystem::perms::owner_all);
  }
  // Whether the job went back to the queue when the program ended with this.
  bool goes_back(int code) {
    test::write_file(folder_ / "code", std::to_string(code));
    test::write_file(folder_ / "asked", "");
    const Config config = read_config({}, {"cluster.gpus=0"});
    const std::string script =
        slurm_script(config, plan_jobs(config, {"train"})[0], {"/opt/ctforge", folder_.path(), folder_.path()});
    result_ = run_tool({"bash", "-c", script});
    return lines("asked") == "requeue 7\n";
  }
  std::string lines(const std::string& name) const {
    return std::filesystem::exists(folder_ / name) ? test::read_file(folder_ / name) : "";
  }
  const test::TemporaryFolder folder_;
  const std::string path_ = std::getenv("PATH");
  CommandResult result_;
};

TEST_F(SlurmScriptRuns, GoBackToTheQueueAFewTimesWhenKilledOrFailedWithOne) {
  EXPECT_TRUE(goes_back(137)) << result_.output;
  EXPECT_EQ(lines("jobs/exit/train"), "75\n") << "it goes on by itself";
  EXPECT_TRUE(goes_back(1)) << result_.output;
  EXPECT_EQ(lines("slept"), "60\n600\n120\n600\n");
  EXPECT_FALSE(goes_back(139)) << result_.output;
  EXPECT_EQ(result_.exit_code, 139);
  EXPECT_EQ(lines("jobs/exit/train"), "139\n");
  EXPECT_TRUE(has(result_.output, "cluster.retries (2) lets it try no more")) << result_.output;
}

TEST_F(SlurmScriptRuns, CountAnewAfterASuccessOrAnOrderlyStop) {
  for (const int well : {0, 75}) {
    EXPECT_TRUE(goes_back(134) && goes_back(1)) << result_.output;
    EXPECT_EQ(goes_back(well), well == 75);
    EXPECT_TRUE(goes_back(137)) << result_.output;
    EXPECT_FALSE(goes_back(0));
  }
}

TEST_F(SlurmScriptRuns, FailForGoodWhereSomebodyHasToMendIt) {
  for (const int code : {2, 3}) {
    EXPECT_FALSE(goes_back(code));
    EXPECT_EQ(result_.exit_code, code);
    EXPECT_EQ(lines("jobs/exit/train"), std::to_string(code) + "\n");
  }
}

TEST_F(SlurmScriptRuns, AreBoundByRestartsWhateverStopsThem) {
  ::setenv("SLURM_RESTART_COUNT", "50", 1);
  for (const int code : {75, 137}) {
    EXPECT_FALSE(goes_back(code));
    EXPECT_EQ(result_.exit_code, code);
    EXPECT_EQ(lines("jobs/exit/train"), std::to_string(code) + "\n");
  }
}

// An attempt on a node that the controller lost sight of still works in the folder.
TEST_F(SlurmScriptRuns, GoBackToTheQueueWhereTheFolderStaysInUse) {
  test::write_file(folder_ / ".ctforge.lock", "");
  stand_in("flock", "exit 75");
  EXPECT_TRUE(goes_back(2)) << result_.output;
  EXPECT_EQ(lines("ran"), "") << "two would spoil each other's work";
  EXPECT_EQ(lines("jobs/exit/train"), "75\n");
  EXPECT_TRUE(has(result_.output, "the folder has been in use for ten minutes")) << result_.output;
}

}  // namespace
}  // namespace ctforge::pipeline
