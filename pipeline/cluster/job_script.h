// The scripts of jobs, as text: bash that runs one command of the program, hands on what asks it to stop, and goes on
// where it stopped.
#pragma once

#include "pipeline/cluster/job_plan.h"
#include "pipeline/config/config.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace ctforge::pipeline {

// Where things lie, all absolute.
struct JobPlaces {
  std::filesystem::path program;  // ctforge on the nodes
  std::filesystem::path out;      // the run's folder; its scripts are in jobs/
  std::filesystem::path working;  // relative paths of the configuration begin here
};

// A word that the shell takes for exactly this text.
std::string shell_quoted(const std::string& text);
// A directive's value that may hold blanks: in double quotes where it needs them. Quotes, backslashes and control
// characters have no place in it: throws std::invalid_argument.
std::string directive_quoted(const std::string& text);

// `text` with each {{name}} replaced. Throws std::invalid_argument for a name without a value.
std::string filled(std::string text, const std::vector<std::pair<std::string, std::string>>& values);

// The program with its container around it, as words for the shell, without arguments.
std::string program_words(const Config& config, const JobPlaces& places, bool gpus);
// Arguments of a job's command, as words for the shell: "train --config ... --out ... --threads 8".
std::string argument_words(const Config& config, const Job& job, const JobPlaces& places);
// What the node needs before the program runs: modules and the site's own lines. Ends with an empty line unless empty.
std::string environment_lines(const ClusterConfig& cluster);
// Where in jobs/exit a job, or the task of an array whose number is in the variable `index`, leaves its exit code.
std::string exit_name(const Job& job, const std::string& index);
// Waits for the lock of the folder that the job works in to be free; a task of an array shares it and has one of its
// own (pipeline/run/run_part.h). $code is 75 where it stays taken, or where the job was asked to stop meanwhile: then
// nothing may be begun. After kWatchLines.
std::string lock_lines(const Job& job, const std::string& index);
// lock_lines, then the command, whose exit code is in $code afterwards: 75 also where it was killed because the job was
// asked to stop. After again_lines and, where the job may_refuse, kRefusedLines, too.
std::string run_lines(const Job& job, const std::string& command, const std::string& index);
// Defines `again`, which says whether a job that was killed or failed with 1 is tried once more, and waits before it,
// and `went_well`, after which it counts anew. Both are told the job's name. After kWatchLines.
std::string again_lines(const ClusterConfig& cluster);
// Login shells know modules.
std::string first_line(const ClusterConfig& cluster);

// Bash that defines say, and hand_on and wait_for, so that signals reach the program and its exit code comes back.
extern const char* const kWatchLines;
// Bash that defines forgive_refused for `prepare`, whose exit code 3 may mean that all but some refused series is done.
extern const char* const kRefusedLines;
bool may_refuse(const Job& job);

// The whole script of one job.
std::string slurm_script(const Config& config, const Job& job, const JobPlaces& places);
std::string pbs_script(const Config& config, const Job& job, const JobPlaces& places);
// The whole run on one machine without a scheduler.
std::string workstation_script(const Config& config, const std::vector<Job>& jobs, const JobPlaces& places);

}  // namespace ctforge::pipeline
