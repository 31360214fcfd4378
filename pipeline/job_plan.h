// The jobs that a run is submitted as: which stage each does, in how many parts, and after what.
#pragma once

#include "pipeline/config.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ctforge::pipeline {

struct Job {
  std::string name;  // of its script, its log and in the queue: "train", "sample", "sample-finish"
  std::string stage;
  std::int64_t parts = 1;      // tasks of its array; 1: no array
  bool network = false;        // runs networks: gets the GPUs
  std::int64_t nodes = 1;      // more than one for the training alone
  std::int64_t processes = 1;  // on each of them, likewise
  std::int64_t gpus = 0;       // on each of them
  std::string after;           // the job that must have succeeded before; empty: none
};

// One job after the other. A stage with parts has an array, then a job that puts together what the parts left.
std::vector<Job> plan_jobs(const Config& config, const std::vector<std::string>& stages);

}  // namespace ctforge::pipeline
