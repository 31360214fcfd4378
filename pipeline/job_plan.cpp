// A chain: each job builds on what the one before it left.
#include "pipeline/job_plan.h"

#include <algorithm>

namespace ctforge::pipeline {

namespace {

Job job_of(const Config& config, const std::string& stage) {
  const ClusterConfig& cluster = config.cluster;
  Job job;
  job.name = job.stage = stage;
  job.network = stage == "train" || stage == "sample" || stage == "evaluate";
  if (stage == "train") {
    job.nodes = cluster.nodes;
    job.gpus = cluster.gpus;
    job.processes = cluster.processes > 0 ? cluster.processes : std::max<std::int64_t>(1, cluster.gpus);
  } else if (job.network) {
    job.gpus = std::min<std::int64_t>(1, cluster.gpus);
  }
  if (stage == "prepare") job.parts = cluster.prepare_parts;
  if (stage == "sample") job.parts = cluster.sample_parts;
  if (stage == "evaluate") job.parts = cluster.evaluate_parts;
  return job;
}

}  // namespace

std::vector<Job> plan_jobs(const Config& config, const std::vector<std::string>& stages) {
  std::vector<Job> jobs;
  const auto add = [&jobs](Job job) {
    if (!jobs.empty()) job.after = jobs.back().name;
    jobs.push_back(std::move(job));
  };
  for (const std::string& stage : stages) {
    const Job job = job_of(config, stage);
    add(job);
    if (job.parts == 1) continue;
    Job finish = job;
    finish.name += "-finish";
    finish.parts = 1;
    add(finish);
  }
  return jobs;
}

}  // namespace ctforge::pipeline
