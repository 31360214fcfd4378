// Settings, plan and listing as one keyed hash.
#include "pipeline/prepare/prepare_identity.h"

#include "io/file/digest.h"
#include "io/file/shard.h"
#include "pipeline/config/config_visitors.h"

#include <filesystem>
#include <system_error>

#include <version.h>

namespace ctforge::pipeline {

namespace {

namespace fs = std::filesystem;

// Sizes and times of a series' files.
std::string state_of_files(const io::Series& series) {
  std::string text;
  std::error_code error;
  const auto add = [&](const fs::path& file) {
    const auto size = fs::file_size(file, error);
    text += error ? "- " : std::to_string(size) + " ";
    const auto time = fs::last_write_time(file, error).time_since_epoch().count();
    text += error ? "-\n" : std::to_string(time) + "\n";
  };
  for (const auto& file : series.files) add(file);
  add(series.labels);
  for (const auto& object : series.label_objects) add(object.file);
  return text;
}

}  // namespace

std::string settings_text(const PrepareConfig& config) {
  nlohmann::ordered_json settings = section_json(config);
  settings.erase("volumes_in_memory");
  return std::string(kVersion) + kCommit + std::to_string(io::kShardSchema) + settings.dump();
}

std::string identity_of(const PrepareWork& work, const io::Inventory& inventory) {
  std::string text = settings_text(work.config) + work.listing;
  for (const PatientTask& task : work.plan.tasks) {
    text += "\n" + task.patient + " " + io::split_name(task.split);
    for (const std::size_t index : task.series) {
      const io::Series& series = inventory.series[index];
      text += " " + series.id + (series.labelled() ? "+" : "-");
      if (work.listing.empty()) text += state_of_files(series);
    }
  }
  return io::hmac_sha256_hex(work.key, text);
}

}  // namespace ctforge::pipeline
