// The scheduler's own commands, and the record of what was given to it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace ctforge::pipeline {

// What a command printed, errors included, and how it ended (127: not found, as a shell has it).
struct CommandResult {
  std::string output;
  int exit_code = 0;
};
// Runs a program with exactly these arguments, through the shell, which finds it. Throws std::system_error.
CommandResult run_tool(const std::vector<std::string>& words);

struct QueuedJob {
  std::string name, stage, script;
  std::int64_t parts = 1;
  std::string id;     // the scheduler's
  std::string after;  // what it waits for, as the scheduler was told
};

// OUT/jobs/jobs.json:
//   {"schema": 1, "scheduler": "slurm", "jobs": [{"name", "stage", "script", "parts", "id", "after"}, ...]}
struct JobRecord {
  std::string scheduler;
  std::vector<QueuedJob> jobs;
};
// Nothing was submitted where the file is missing. Throws io::DataError(InvalidTable) where it cannot be read.
JobRecord read_job_record(const std::filesystem::path& out);
void write_job_record(const std::filesystem::path& out, const JobRecord& record);

// IDs of those that the scheduler still has waiting, running or on their way to or from a node, with their states.
// Throws ConfigError when it cannot be asked.
std::vector<std::pair<std::string, std::string>> jobs_in_queue(const JobRecord& record);

// The command that submits a script, as words; dependency as the scheduler has it ("afterok:12"), or empty.
std::vector<std::string> submit_words(const std::string& scheduler, const std::string& script,
                                      const std::string& dependency);
// Submits and returns the ID. Throws ConfigError with what the scheduler said.
std::string submit_script(const std::vector<std::string>& words);
// Takes jobs out of the queue, the last first, so that none begins because one that it waits for ended. Returns those
// that may still be there; one that the scheduler does not know any more is not.
std::vector<QueuedJob> cancel_jobs(const JobRecord& record);

}  // namespace ctforge::pipeline
