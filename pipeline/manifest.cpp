// The run's record: what was asked for, what is done, and the hashes of what was made.
#include "pipeline/manifest.h"

#include "io/atomic_file.h"
#include "io/digest.h"
#include "io/fault.h"

#include <algorithm>

#include <version.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

Manifest::Manifest(fs::path folder) : folder_(std::move(folder)) {
  const fs::path file = folder_ / "manifest.json";
  if (!fs::exists(file)) {
    json_ = {{"schema", 1}};
    return;
  }
  json_ = nlohmann::ordered_json::parse(io::read_whole_file(file), nullptr, false);
  if (json_.is_discarded() || !json_.is_object())
    throw io::DataError(io::Fault::Unreadable, "manifest.json of the output folder is damaged; use another --out");
}

bool Manifest::done(const std::string& stage, const std::string& fingerprint) const {
  if (!json_.contains("stages") || !json_["stages"].contains(stage)) return false;
  const auto& record = json_["stages"][stage];
  if (record.value("state", "") != "done" || record.value("fingerprint", "") != fingerprint) return false;
  for (const auto& [name, output] : record["outputs"].items()) {
    std::error_code error;
    if (fs::file_size(folder_ / name, error) != output.value("bytes", std::uintmax_t{0}) || error) return false;
  }
  return true;
}

bool Manifest::done_differently(const std::string& stage, const std::string& fingerprint) const {
  if (!json_.contains("stages") || !json_["stages"].contains(stage)) return false;
  return json_["stages"][stage].value("fingerprint", "") != fingerprint;
}

double Manifest::seconds_before(const std::string& stage, const std::string& fingerprint) const {
  if (!json_.contains("stages") || !json_["stages"].contains(stage)) return 0;
  const auto& record = json_["stages"][stage];
  const bool counts = record.value("state", "") == "interrupted" && record.value("fingerprint", "") == fingerprint;
  return counts ? record.value("seconds", 0.0) : 0;
}

void Manifest::describe_run(const nlohmann::ordered_json& configuration, std::int64_t seed, const std::string& device,
                            int threads, int processes) {
  json_["ctforge"] = {{"version", kVersion}, {"commit", kCommit}, {"libtorch", kLibTorchVersion}};
  json_["seed"] = seed;
  json_["device"] = device;
  json_["threads"] = threads;
  json_["processes"] = processes;
  json_["configuration"] = configuration;
}

void Manifest::finish(const std::string& stage, const StageRecord& record) {
  nlohmann::ordered_json outputs = nlohmann::ordered_json::object();
  for (const std::string& name : record.outputs)
    outputs[name] = {{"bytes", fs::file_size(folder_ / name)}, {"sha256", io::sha256_file(folder_ / name)}};
  json_["stages"][stage] = {{"state", "done"},           {"fingerprint", record.fingerprint},
                            {"seconds", record.seconds}, {"peak_memory_bytes", record.peak_memory_bytes},
                            {"summary", record.summary}, {"outputs", outputs}};
  write();
}

void Manifest::interrupt(const std::string& stage, const std::string& fingerprint, double seconds) {
  json_["stages"][stage] = {{"state", "interrupted"},
                            {"fingerprint", fingerprint},
                            {"seconds", seconds_before(stage, fingerprint) + seconds}};
  write();
}

bool Manifest::forget(const std::string& stage) {
  if (!json_.contains("stages") || json_["stages"].erase(stage) == 0) return false;
  write();
  return true;
}

void Manifest::adopt(const std::string& stage, const Manifest& other) {
  json_["stages"][stage] = other.json_.at("stages").at(stage);
  write();
}

void Manifest::write() const { io::write_atomically(folder_ / "manifest.json", json_.dump(2) + "\n"); }

std::vector<std::string> files_below(const fs::path& folder, const std::string& relative) {
  std::vector<std::string> files;
  const fs::path root = folder / relative;
  if (fs::is_regular_file(root)) return {relative};
  if (!fs::is_directory(root)) return {};
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.is_regular_file() && !entry.path().filename().string().starts_with('.'))
      files.push_back(fs::relative(entry.path(), folder).generic_string());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace ctforge::pipeline
