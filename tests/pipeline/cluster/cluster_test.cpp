// What may be put into a job, and what would do nothing there.
#include "pipeline/cluster/cluster.h"

#include "pipeline/config/config.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

std::string problems(const std::vector<std::string>& assignments) {
  try {
    check_cluster(read_config({}, assignments));
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(Cluster, Walltimes) {
  EXPECT_EQ(walltime_seconds("00:30:00"), 1800);
  EXPECT_EQ(walltime_seconds("2-01:00:05"), 2 * 86400 + 3605);
  EXPECT_EQ(walltime_seconds("100:00:00"), 360000);
  for (const char* wrong :
       {"", "30", "30:00", "1-12", "00:60:00", "00:00:60", "-1:00:00", "1:00:00 ", "1d", "0x1:00:00"})
    EXPECT_FALSE(walltime_seconds(wrong)) << wrong;
}

TEST(Cluster, DefaultsAndAUsualSiteAreTaken) {
  EXPECT_EQ(problems({}), "");
  EXPECT_EQ(
      problems({"cluster.account=rad_1", "cluster.partition=gpu,gpu-long", "cluster.qos=normal",
                "cluster.constraint='[a100|h100]&nvlink'", "cluster.gpu_type=a100", "cluster.nodes=2",
                "cluster.memory_gb=64", "cluster.modules=[cuda/12.4, 'gcc/12.2.0']", "cluster.mail=a.b@example.org",
                "cluster.setup=['source \"/opt/site.sh\"']", "cluster.directives=['--exclusive']",
                "cluster.container=/opt/my images/c.sif", "cluster.binds=['/data:/data:ro']", "cluster.sample_parts=2",
                "sample.count=512", "cluster.evaluate_parts=6"}),
      "");
  EXPECT_EQ(
      problems({"cluster.scheduler=none", "cluster.gpus=4", "cluster.parts_at_once=2", "cluster.evaluate_parts=6"}),
      "");
}

TEST(Cluster, NothingBreaksOutOfADirective) {
  for (const char* key : {"account", "partition", "cpu_partition", "qos", "constraint", "gpu_type", "mail"})
    for (const char* value : {"'a b'", "a;b", "'$(id)'", "a`id`", "\"a\\nb\"", "'a#b'", "'\"a'", "\"'a\"", "'a\\\\b'"})
      EXPECT_NE(problems({std::string("cluster.") + key + "=" + value}).find(std::string("cluster.") + key),
                std::string::npos)
          << key << " " << value;
  for (const char* wrong :
       {"cluster.modules=['a;b']", "cluster.modules=['-f']", "cluster.modules=['']", "cluster.setup=[\"a\\nb\"]",
        "cluster.directives=[exclusive]", "cluster.directives=[\"--a\\n#SBATCH --b\"]", "cluster.program=ctforge",
        "cluster.container=image.sif", "cluster.program=\"/a\\nb\""})
    EXPECT_NE(problems({wrong}), "") << wrong;
}

TEST(Cluster, RetriesAreAFew) {
  EXPECT_EQ(problems({"cluster.retries=0"}), "");
  EXPECT_EQ(problems({"cluster.scheduler=pbs", "cluster.retries=1"}), "");
  for (const char* wrong : {"cluster.retries=-1", "cluster.retries=101"}) EXPECT_NE(problems({wrong}), "") << wrong;
}

TEST(Cluster, TimesLeaveRoomForTheSignal) {
  EXPECT_NE(problems({"cluster.train_time=tomorrow"}).find("[D-]HH:MM:SS"), std::string::npos);
  EXPECT_NE(problems({"cluster.time=00:03:00"}).find("signal_lead_s"), std::string::npos);
  EXPECT_EQ(problems({"cluster.time=00:03:01"}), "");
}

TEST(Cluster, WhatWouldDoNothingIsRefused) {
  EXPECT_NE(problems({"cluster.scheduler=none", "cluster.partition=gpu"}).find("cluster.partition"), std::string::npos);
  EXPECT_NE(problems({"cluster.scheduler=none", "cluster.train_time=01:00:00"}), "");
  EXPECT_NE(problems({"cluster.scheduler=pbs", "cluster.nodes=2"}).find("cluster.nodes"), std::string::npos);
  EXPECT_NE(problems({"cluster.scheduler=pbs", "cluster.restarts=2"}).find("cluster.attempts"), std::string::npos);
  EXPECT_NE(problems({"cluster.attempts=2"}), "");
  EXPECT_NE(problems({"cluster.scheduler=pbs", "cluster.attempts=1", "cluster.retries=1"}).find("cluster.retries"),
            std::string::npos);
  EXPECT_NE(problems({"cluster.binds=[/data]"}).find("cluster.container"), std::string::npos);
  EXPECT_NE(problems({"cluster.gpus=0", "cluster.gpu_type=a100"}), "");
  EXPECT_NE(problems({"cluster.parts_at_once=2"}), "");
  EXPECT_NE(problems({"cluster.sample_parts=2", "sample.count=256"}).find("1 shards"), std::string::npos);
  EXPECT_NE(problems({"cluster.evaluate_parts=7"}).find("6 networks"), std::string::npos);
  EXPECT_NE(problems({"run.device=cpu"}).find("cluster.gpus"), std::string::npos);
  EXPECT_NE(problems({"run.device=cuda", "cluster.gpus=0"}), "");
}

TEST(Cluster, IsNoPartOfWhatARunIs) { EXPECT_FALSE(to_json_without_paths({}).contains("cluster")); }

}  // namespace
}  // namespace ctforge::pipeline
