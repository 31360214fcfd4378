// metrics.jsonl: one JSON object a line for what training measured, consistent over interruptions.
#pragma once

#include "models/train/trainer.h"
#include "pipeline/run/memory.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// Each line has "schema", "time" (seconds since 1970), "phase" (autoencoder, diffusion), "kind" (train, validation) and
// "step" (steps done), then figures.
class MetricsLog {
 public:
  // `tell` is given each line that was added; may be empty. writes: whether this process is to write it at all.
  explicit MetricsLog(std::filesystem::path file, std::function<void(const nlohmann::ordered_json& line)> tell = {},
                      bool writes = true);
  // Drops the phase's lines beyond `step`, which a run that goes on from there writes again, and lines cut short.
  void cut(const std::string& phase, std::int64_t step) const;
  // Adds a line, on disk for other readers at once. Throws std::system_error when it cannot be written.
  void add(const std::string& phase, const std::string& kind, std::int64_t step,
           const nlohmann::ordered_json& figures) const;
  // Becomes a copy of the phase's lines in another run's log.
  void take(const std::filesystem::path& other, const std::string& phase) const;
  // The phase's last line of that kind at that step; null when there is none.
  nlohmann::ordered_json find(const std::string& phase, const std::string& kind, std::int64_t step) const;

 private:
  std::filesystem::path file_;
  std::function<void(const nlohmann::ordered_json&)> tell_;
  bool writes_;
};

// The whole lines of a metrics.jsonl; none where it is not there.
std::vector<nlohmann::ordered_json> read_metrics(const std::filesystem::path& file);

// What the trainer reports, as figures of a line.
nlohmann::ordered_json figures_of(const train::LogEntry& entry, std::int64_t images_per_step, const MemoryUse& memory);

}  // namespace ctforge::pipeline
