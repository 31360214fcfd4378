// A chain without a gap: each job names one that comes before it.
#include "pipeline/cluster/job_plan.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(JobPlan, EachJobBuildsOnOneBeforeIt) {
  const Config config = read_config({}, {"cluster.sample_parts=3", "cluster.evaluate_parts=2"});
  const auto jobs = plan_jobs(config, kStages);
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const Job& job : jobs) {
    for (const std::string& before : job.after) EXPECT_TRUE(seen.contains(before)) << job.name;
    EXPECT_TRUE(seen.insert(job.name).second) << job.name;
    names.push_back(job.name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"phantom", "prepare", "train", "sample", "sample-finish", "evaluate",
                                             "evaluate-finish", "report"}));
  EXPECT_TRUE(jobs[0].after.empty());
  EXPECT_EQ(jobs[7].after, std::vector<std::string>{"evaluate-finish"});
  EXPECT_EQ(jobs[3].parts, 3);
  EXPECT_EQ(jobs[4].parts, 1);
}

TEST(JobPlan, FractionsHaveChainsThatEvaluateWaitsFor) {
  const Config config = read_config({}, {"cluster.sample_parts=2", "cluster.evaluate_parts=2"});
  const auto jobs = plan_jobs(config, {"prepare", "train", "sample", "evaluate", "report"},
                              {{0.2, {"prepare", "train", "sample"}}, {0.4, {"sample"}}});
  std::map<std::string, Job> by_name;
  for (const Job& job : jobs) by_name[job.name] = job;
  using Names = std::vector<std::string>;
  EXPECT_EQ(by_name.at("fraction-0.2-prepare").after, Names{"prepare"});
  EXPECT_EQ(by_name.at("fraction-0.2-train").after, Names{"fraction-0.2-prepare"});
  EXPECT_EQ(by_name.at("fraction-0.2-sample-finish").after, Names{"fraction-0.2-sample"});
  EXPECT_EQ(by_name.at("fraction-0.4-sample").after, Names{"prepare"});
  EXPECT_EQ(by_name.at("evaluate").after,
            (Names{"sample-finish", "fraction-0.2-sample-finish", "fraction-0.4-sample-finish"}));
  EXPECT_EQ(by_name.at("evaluate-finish").after, Names{"evaluate"});
  EXPECT_EQ(by_name.at("fraction-0.2-train").gpus, by_name.at("train").gpus);
  EXPECT_EQ(by_name.at("fraction-0.2-train").fraction, "0.2");
  EXPECT_TRUE(by_name.at("evaluate").fraction.empty());
}

TEST(JobPlan, ResourcesGoWhereNetworksRun) {
  const auto jobs = plan_jobs(read_config({}, {"cluster.gpus=4", "cluster.nodes=2"}), {"prepare", "train", "sample"});
  EXPECT_EQ(jobs[0].gpus + jobs[0].nodes + jobs[0].processes, 0 + 1 + 1);
  EXPECT_EQ(jobs[1].gpus, 4);
  EXPECT_EQ(jobs[1].nodes, 2);
  EXPECT_EQ(jobs[1].processes, 4);
  EXPECT_EQ(jobs[2].gpus, 1);
  EXPECT_EQ(jobs[2].nodes * jobs[2].processes, 1);
  const auto cpu = plan_jobs(read_config({}, {"cluster.gpus=0"}), {"train", "sample"});
  EXPECT_EQ(cpu[0].processes, 1);
  EXPECT_EQ(cpu[1].gpus, 0);
  EXPECT_TRUE(plan_jobs({}, {}).empty());
}

}  // namespace
}  // namespace ctforge::pipeline
