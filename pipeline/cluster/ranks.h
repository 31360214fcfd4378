// Which of several processes this one is, as whoever started them tells it: torchrun and ctforge launch, or Slurm's
// srun.
#pragma once

#include "models/train/parallel.h"

#include <functional>
#include <optional>
#include <string>

namespace ctforge::pipeline {

struct Ranks {
  train::Rendezvous where;
  int local_rank = 0, local_size = 1;  // among those of this machine
  int cores = 0;                       // of this machine, for all of them together; 0: not told
  bool launched = false;               // by ctforge launch, which says what became of them

  bool several() const { return where.size > 1; }
};

// The value of an environment variable, or null.
using Variables = std::function<const char*(const char* name)>;

// From RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR and MASTER_PORT where they are set; else, within a
// step of srun, from SLURM_PROCID, SLURM_STEP_NUM_TASKS, SLURM_LOCALID, SLURM_STEP_TASKS_PER_NODE, SLURM_STEP_NODELIST
// (whose first machine rank 0 runs on; of a single one the loopback) and SLURM_CPUS_ON_NODE, with MASTER_ADDR and
// MASTER_PORT above them and else a port of the job's, the step's and the requeue's numbers. Where neither is there:
// this process alone. Throws ConfigError for what contradicts itself.
Ranks ranks_from(const Variables& variables);
Ranks ranks_from_environment();

// The first machine of a Slurm list such as "gpu[003-007,9],fat1": gpu003.
std::string first_host(const std::string& list);

// Threads for one of the processes of a machine: `asked`, or, where that is 0, its share of the cores. usable: the
// cores that this process may use.
int threads_of(int asked, const Ranks& ranks, int usable);

}  // namespace ctforge::pipeline
