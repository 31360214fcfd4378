// OUT/events.jsonl: one JSON object a line for what happened in a run: stages, phases of training, checkpoints,
// warnings. docs/observability.md lists them. Figures of training are in metrics.jsonl, which is cut where training
// goes on from a checkpoint; this file only grows.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// Of the lines of events.jsonl and metrics.jsonl; it only grows.
inline constexpr int kLineSchema = 1;

// Seconds since 1970, to the millisecond.
double unix_seconds();

class EventLog {
 public:
  explicit EventLog(std::filesystem::path file) : file_(std::move(file)) {}
  // Adds {"schema", "time", "event"} and the figures in one write, so that lines of several processes do not mix.
  // Throws std::system_error.
  void add(const std::string& event, const nlohmann::ordered_json& figures) const;

 private:
  std::filesystem::path file_;
};

}  // namespace ctforge::pipeline
