// Directives and commands of Slurm's scripts, and that bash and shellcheck take them.
#include "pipeline/cluster/job_queue.h"
#include "pipeline/cluster/job_script.h"

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
        "srun --mpi=none --kill-on-bad-exit=1 --cpus-per-task=4 /opt/ctforge train ", "export MASTER_PORT="})
    EXPECT_TRUE(has(train, line)) << line << train;
  EXPECT_TRUE(has(prepare, "#SBATCH --partition=cpu\n"));
  EXPECT_TRUE(has(prepare, "data/prepare.json"));
  for (const char* part : {"--gres", "MASTER_PORT", "--qos", "--mail", "--array"})
    EXPECT_FALSE(has(prepare, part)) << part;
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

}  // namespace
}  // namespace ctforge::pipeline
