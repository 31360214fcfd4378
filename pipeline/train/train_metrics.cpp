// Implements the log of training figures.
#include "pipeline/train/train_metrics.h"

#include "io/file/atomic_file.h"
#include "pipeline/observe/event_log.h"

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

namespace ctforge::pipeline {

using nlohmann::ordered_json;

namespace {

// Nothing where the line is not one of ours: a line that a killed run left unfinished.
ordered_json parsed_line(const std::string& line) {
  ordered_json json = ordered_json::parse(line, nullptr, false);
  const bool whole = json.is_object() && json.contains("phase") && json.contains("kind") && json.contains("step");
  return whole ? json : ordered_json();
}

}  // namespace

std::vector<ordered_json> read_metrics(const std::filesystem::path& file) {
  std::vector<ordered_json> lines;
  if (!std::filesystem::exists(file)) return lines;
  std::istringstream text(io::read_whole_file(file));
  for (std::string line; std::getline(text, line);)
    if (ordered_json json = parsed_line(line); !json.is_null()) lines.push_back(std::move(json));
  return lines;
}

MetricsLog::MetricsLog(std::filesystem::path file, std::function<void(const ordered_json&)> tell, bool writes)
    : file_(std::move(file)), tell_(std::move(tell)), writes_(writes) {}

void MetricsLog::cut(const std::string& phase, std::int64_t step) const {
  if (!writes_ || !std::filesystem::exists(file_)) return;
  std::istringstream text(io::read_whole_file(file_));
  std::string kept;
  for (std::string line; std::getline(text, line);) {
    const ordered_json json = parsed_line(line);
    if (json.is_null() || (json["phase"] == phase && json["step"].get<std::int64_t>() > step)) continue;
    kept += line + "\n";
  }
  io::write_atomically(file_, kept);
}

void MetricsLog::take(const std::filesystem::path& other, const std::string& phase) const {
  std::istringstream text(io::read_whole_file(other));
  std::string taken;
  for (std::string line; std::getline(text, line);)
    if (const ordered_json json = parsed_line(line); !json.is_null() && json["phase"] == phase) taken += line + "\n";
  io::write_atomically(file_, taken);
}

void MetricsLog::add(const std::string& phase, const std::string& kind, std::int64_t step,
                     const ordered_json& figures) const {
  if (!writes_) return;
  ordered_json json{
      {"schema", kLineSchema}, {"time", unix_seconds()}, {"phase", phase}, {"kind", kind}, {"step", step}};
  json.update(figures);
  errno = 0;
  std::ofstream file(file_, std::ios::app);
  file << json.dump() + "\n" << std::flush;
  if (!file) throw std::system_error(errno, std::generic_category(), "metrics.jsonl cannot be written");
  if (tell_) tell_(json);
}

ordered_json MetricsLog::find(const std::string& phase, const std::string& kind, std::int64_t step) const {
  ordered_json found;
  for (ordered_json& json : read_metrics(file_))
    if (json["phase"] == phase && json["kind"] == kind && json["step"] == step) found = std::move(json);
  return found;
}

ordered_json figures_of(const train::LogEntry& entry, std::int64_t images_per_step, const MemoryUse& memory) {
  ordered_json json{{"loss", entry.loss},
                    {"gradient_norm", entry.gradient_norm},
                    {"learning_rate", entry.learning_rate},
                    {"images_per_s", entry.steps_per_s * static_cast<double>(images_per_step)},
                    {"elapsed_s", entry.elapsed_s},
                    {"memory_bytes", memory.resident_bytes},
                    {"peak_memory_bytes", memory.peak_bytes}};
  if (memory.device_bytes) json["device_memory_bytes"] = *memory.device_bytes;
  if (memory.device_peak_bytes) json["device_peak_memory_bytes"] = *memory.device_peak_bytes;
  return json;
}

}  // namespace ctforge::pipeline
