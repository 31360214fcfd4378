// Chains: each job builds on what the one before it left.
#include "pipeline/cluster/job_plan.h"

#include <algorithm>
#include <utility>

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

// Adds the jobs of one stage, the first of them after those named; returns the name of the last.
std::string add_stage(std::vector<Job>& jobs, Job job, std::vector<std::string> after) {
  job.after = std::move(after);
  jobs.push_back(job);
  if (job.parts == 1) return job.name;
  Job finish = job;
  finish.after = {job.name};
  finish.name += "-finish";
  finish.parts = 1;
  jobs.push_back(finish);
  return finish.name;
}

std::vector<std::string> only(const std::string& name) {
  return name.empty() ? std::vector<std::string>{} : std::vector{name};
}

// Adds a fraction's chain; returns its last job.
std::string add_fraction(std::vector<Job>& jobs, const Config& config, const FractionStages& fraction,
                         const std::string& prepared) {
  const std::string name = number_name(fraction.fraction);
  std::string last = prepared;
  for (const std::string& stage : fraction.stages) {
    Job job = job_of(config, stage);
    job.name = "fraction-" + name + "-" + stage;
    job.fraction = name;
    last = add_stage(jobs, job, only(last));
  }
  return last;
}

}  // namespace

std::vector<Job> plan_jobs(const Config& config, const std::vector<std::string>& stages,
                           const std::vector<FractionStages>& fractions) {
  std::vector<Job> jobs;
  std::string last, prepared;
  for (const std::string& stage : stages) {
    std::vector<std::string> after = only(last);
    if (stage == "evaluate")
      for (const FractionStages& fraction : fractions) after.push_back(add_fraction(jobs, config, fraction, prepared));
    last = add_stage(jobs, job_of(config, stage), std::move(after));
    if (stage == "prepare") prepared = last;
  }
  return jobs;
}

}  // namespace ctforge::pipeline
