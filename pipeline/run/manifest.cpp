// The run's record: what was asked for, what is done, and the hashes of what was made.
#include "pipeline/run/manifest.h"

#include "io/file/atomic_file.h"
#include "io/file/digest.h"
#include "io/file/fault.h"

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

bool Manifest::begun_differently(const std::string& stage, const std::string& fingerprint) const {
  if (!json_.contains("stages") || !json_["stages"].contains(stage)) return false;
  return json_["stages"][stage].value("fingerprint", "") != fingerprint;
}

// The record of an attempt that did not come to its end; empty where there is none.
nlohmann::ordered_json Manifest::unfinished(const std::string& stage, const std::string& fingerprint) const {
  if (!json_.contains("stages") || !json_["stages"].contains(stage)) return nlohmann::ordered_json::object();
  const auto& record = json_["stages"][stage];
  const bool counts = record.value("state", "") != "done" && record.value("fingerprint", "") == fingerprint;
  return counts ? record : nlohmann::ordered_json::object();
}

double Manifest::seconds_before(const std::string& stage, const std::string& fingerprint) const {
  return unfinished(stage, fingerprint).value("seconds", 0.0);
}

nlohmann::ordered_json Manifest::makers(const std::string& stage, const std::string& fingerprint) const {
  return unfinished(stage, fingerprint).value("made_by", nlohmann::ordered_json::array());
}

void Manifest::describe_run(const nlohmann::ordered_json& configuration, std::int64_t seed,
                            const nlohmann::ordered_json& maker) {
  json_["ctforge"] = maker.at("ctforge");
  json_["seed"] = seed;
  json_["device"] = maker.at("device");
  json_["threads"] = maker.at("threads");
  json_["processes"] = maker.value("processes", 1);
  json_["deterministic"] = maker.at("deterministic");
  json_["machine"] = maker.at("machine");
  json_["configuration"] = configuration;
  maker_ = maker;
}

void Manifest::begin(const std::string& stage, const std::string& fingerprint, const nlohmann::ordered_json& others) {
  auto made_by = makers(stage, fingerprint);
  const auto add = [&made_by](const nlohmann::ordered_json& maker) {
    if (std::find(made_by.begin(), made_by.end(), maker) == made_by.end()) made_by.push_back(maker);
  };
  std::for_each(others.begin(), others.end(), add);
  if (!maker_.is_null()) add(maker_);
  json_["stages"][stage] = {{"state", "started"},
                            {"fingerprint", fingerprint},
                            {"seconds", seconds_before(stage, fingerprint)},
                            {"made_by", std::move(made_by)}};
  write();
}

void Manifest::finish(const std::string& stage, const StageRecord& record) {
  nlohmann::ordered_json outputs = nlohmann::ordered_json::object();
  for (const std::string& name : record.outputs)
    outputs[name] = {{"bytes", fs::file_size(folder_ / name)}, {"sha256", io::sha256_file(folder_ / name)}};
  const auto made_by = makers(stage, record.fingerprint);
  json_["stages"][stage] = {{"state", "done"},
                            {"fingerprint", record.fingerprint},
                            {"builds_on", record.builds_on},
                            {"settings_sha256", record.settings_sha256},
                            {"settings", record.settings},
                            {"made_by", made_by},
                            {"seconds", record.seconds},
                            {"peak_memory_bytes", record.peak_memory_bytes},
                            {"summary", record.summary},
                            {"outputs", outputs}};
  write();
}

void Manifest::interrupt(const std::string& stage, const std::string& fingerprint, double seconds) {
  json_["stages"][stage] = {{"state", "interrupted"},
                            {"fingerprint", fingerprint},
                            {"seconds", seconds_before(stage, fingerprint) + seconds},
                            {"made_by", makers(stage, fingerprint)}};
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
