// The jobs that a run is submitted as: which stage each does, in how many parts, and after what.
#pragma once

#include "pipeline/config/config.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ctforge::pipeline {

struct Job {
  std::string name;  // of its script, its log and in the queue: "train", "sample", "sample-finish"
  std::string stage;
  std::int64_t parts = 1;          // tasks of its array; 1: no array
  bool network = false;            // runs networks: gets the GPUs
  std::int64_t nodes = 1;          // more than one for the training alone
  std::int64_t processes = 1;      // on each of them, likewise
  std::int64_t gpus = 0;           // on each of them
  std::string fraction;            // of the experiment that it is for, as "0.2"; empty: the run itself
  std::vector<std::string> after;  // jobs that must have succeeded before
};

// What is still to be done of one of the experiment's fractions.
struct FractionStages {
  double fraction = 1;
  std::vector<std::string> stages;
};

// One job after the other. A stage with parts has an array, then a job that puts together what the parts left. A
// fraction's jobs ("fraction-0.2-train") follow each other likewise, beside those of the run: the first after the run's
// prepare, and evaluate after the last of each.
std::vector<Job> plan_jobs(const Config& config, const std::vector<std::string>& stages,
                           const std::vector<FractionStages>& fractions = {});

}  // namespace ctforge::pipeline
