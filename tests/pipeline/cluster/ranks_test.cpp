// Environments of torchrun and Slurm.
#include "pipeline/cluster/ranks.h"

#include "pipeline/config/config_tree.h"

#include <map>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

Ranks read(const std::map<std::string, std::string>& environment) {
  return ranks_from([&environment](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

TEST(Ranks, AreOneAloneWithoutVariables) {
  EXPECT_FALSE(read({}).several());
  EXPECT_FALSE(read({{"RANK", "0"}, {"WORLD_SIZE", "1"}}).several());
  // A batch script has a rank too, but is no step of srun.
  EXPECT_FALSE(read({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}}).several());
}

TEST(Ranks, AreTorchruns) {
  const Ranks ranks = read({{"RANK", "5"},
                            {"WORLD_SIZE", "8"},
                            {"LOCAL_RANK", "1"},
                            {"LOCAL_WORLD_SIZE", "4"},
                            {"MASTER_ADDR", "node1"},
                            {"MASTER_PORT", "1234"},
                            {"SLURM_STEP_ID", "0"},
                            {"SLURM_PROCID", "0"}});
  EXPECT_EQ(ranks.where.rank, 5);
  EXPECT_EQ(ranks.where.size, 8);
  EXPECT_EQ(ranks.local_rank, 1);
  EXPECT_EQ(ranks.local_size, 4);
  EXPECT_EQ(ranks.where.address, "node1");
  EXPECT_EQ(ranks.where.port, 1234);
  EXPECT_FALSE(ranks.launched);
}

TEST(Ranks, AreSlurmsOnSeveralMachines) {
  std::map<std::string, std::string> environment = {{"SLURM_STEP_ID", "0"},
                                                    {"SLURM_PROCID", "4"},
                                                    {"SLURM_NTASKS", "99"},
                                                    {"SLURM_STEP_NUM_TASKS", "7"},
                                                    {"SLURM_LOCALID", "0"},
                                                    {"SLURM_NODEID", "2"},
                                                    {"SLURM_STEP_NUM_NODES", "3"},
                                                    {"SLURM_STEP_TASKS_PER_NODE", "2(x2),3"},
                                                    {"SLURM_STEP_NODELIST", "gpu[003-005]"},
                                                    {"SLURM_CPUS_ON_NODE", "12"},
                                                    {"SLURM_JOB_ID", "77"}};
  const Ranks ranks = read(environment);
  EXPECT_EQ(ranks.where.rank, 4);
  EXPECT_EQ(ranks.where.size, 7);
  EXPECT_EQ(ranks.local_size, 3);
  EXPECT_EQ(ranks.where.address, "gpu003");
  EXPECT_GT(ranks.where.port, 1024);
  environment["SLURM_JOB_ID"] = "78";
  EXPECT_NE(read(environment).where.port, ranks.where.port);
  environment["SLURM_JOB_ID"] = "77";
  // Requeued, it meets elsewhere: the port may have been taken. All stay below those that systems give out themselves.
  for (const char* restarts : {"1", "2", "50"}) {
    environment["SLURM_RESTART_COUNT"] = restarts;
    EXPECT_NE(read(environment).where.port, ranks.where.port);
    EXPECT_NE(read(environment).where.attempt, ranks.where.attempt);
    EXPECT_LT(read(environment).where.port, 32000);
  }
  environment["MASTER_ADDR"] = "10.0.0.7";
  environment["MASTER_PORT"] = "4000";
  EXPECT_EQ(read(environment).where.address, "10.0.0.7");
  EXPECT_EQ(read(environment).where.port, 4000);
  EXPECT_EQ(threads_of(0, ranks, 12), 4);  // not bound to its own cores
  EXPECT_EQ(threads_of(0, ranks, 4), 4);   // bound
  EXPECT_EQ(threads_of(9, ranks, 12), 9);
}

TEST(Ranks, MeetOnTheLoopbackOfOneMachine) {
  const Ranks ranks = read({{"SLURM_STEP_ID", "1"},
                            {"SLURM_PROCID", "1"},
                            {"SLURM_STEP_NUM_TASKS", "2"},
                            {"SLURM_STEP_NUM_NODES", "1"},
                            {"SLURM_STEP_TASKS_PER_NODE", "2"},
                            {"SLURM_STEP_NODELIST", "laptop"}});
  EXPECT_EQ(ranks.where.address, "127.0.0.1");
  EXPECT_EQ(ranks.local_size, 2);
}

TEST(Ranks, FindTheFirstHostOfAList) {
  EXPECT_EQ(first_host("gpu[003-007,9],fat1"), "gpu003");
  EXPECT_EQ(first_host("a[12]"), "a12");
  EXPECT_EQ(first_host("fat1,gpu[1-2]"), "fat1");
  EXPECT_EQ(first_host("fat1"), "fat1");
}

TEST(Ranks, RefuseWhatContradictsItself) {
  EXPECT_THROW(read({{"RANK", "2"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "1"}}), ConfigError);
  EXPECT_THROW(read({{"RANK", "0"}, {"WORLD_SIZE", "two"}}), ConfigError);
  EXPECT_THROW(read({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "1"}}), ConfigError);
}

}  // namespace
}  // namespace ctforge::pipeline
