// The submit command: a run as jobs of a scheduler, each with the program's own way to go on after an interruption.
#pragma once

#include "pipeline/config/config.h"

#include <filesystem>
#include <iosfwd>
#include <string>

namespace ctforge::pipeline {

struct SubmitOptions {
  bool dry_run = false;  // print what would be written and submitted, and do nothing
  std::string from;      // stages of run.stages before it are not looked at; empty: all are
};

// Writes OUT/jobs/:
//
//   config.yaml                    the configuration as it is now: what is queued does not change with the user's file
//   NAME.sbatch, NAME.pbs, run.sh  a script a job; with scheduler none one for the whole run, which the user starts
//   jobs.json                      what was submitted, under which IDs (pipeline/cluster/job_queue.h)
//   logs/, exit/                   what the jobs print, and the exit code each ended with last
//
// and submits the jobs of all stages from the first on that is not done, each after the success of the one before; a
// job whose predecessor failed leaves the queue. The experiment's fractions have jobs of their own (job_plan.h). Either
// all are submitted or none stays; those that the scheduler does not take back are named, and the next submission is
// refused while they are there. What was done is told to `text`. Throws ConfigError with all that is wrong with the
// configuration, where jobs of this run are still in the queue or a process works in the folder, and when the scheduler
// refuses; io::DataError for what the first stage needs and OUT lacks.
void run_submit(const Config& config, const SubmitOptions& options, const std::filesystem::path& out,
                std::ostream& text);

}  // namespace ctforge::pipeline
