// The status command: where a run stands, from its files alone.
#pragma once

#include <filesystem>
#include <iosfwd>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

struct StatusOptions {
  bool json = false;
  bool jobs = false;  // ask the scheduler for the jobs' states too
};

// {"schema": 1, "running": whether a process works in the folder now,
//  "stages": {"train": {"state": ..., "seconds": ..., "exit_code": ..., and what progress_of says}, ...},
//  "fractions": {"0.2": {"stages": ...}}: of the experiment,
//  "jobs": [{"name", "id", "parts", and with options.jobs "state"}, ...]}
//
// States: done; running; interrupted: begun, and nobody works on it now; failed: its job ended with exit_code; waiting.
// Stages are those of the configuration that was submitted or run last. A running process is seen by its lock, on
// another node only where the file system passes locks on. Throws io::DataError where there is no such folder or its
// manifest is damaged, ConfigError where the scheduler is to be asked and cannot be.
nlohmann::ordered_json status_of(const std::filesystem::path& out, const StatusOptions& options);

// status_of as a table, or as JSON.
void show_status(const std::filesystem::path& out, const StatusOptions& options, std::ostream& text);

}  // namespace ctforge::pipeline
