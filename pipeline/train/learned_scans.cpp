// Sets of digests to JSON files and back.
#include "pipeline/train/learned_scans.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/observe/log.h"

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

constexpr int kScansSchema = 1;
constexpr const char* kScans = "scans.json";
constexpr const char* kLearned = "learned_scans.json";

std::optional<nlohmann::json> read_sets(const fs::path& file) {
  if (!fs::exists(file)) return std::nullopt;
  try {
    return nlohmann::json::parse(io::read_whole_file(file));
  } catch (const nlohmann::json::exception&) {
    throw io::DataError(io::Fault::InvalidHeader, file.filename().string() + " cannot be read");
  }
}

std::optional<ScanSet> scans_of(const fs::path& data, io::Split split) {
  const auto found = read_sets(data / kScans);
  if (!found) return std::nullopt;
  return found->at(io::split_name(split)).get<ScanSet>();
}

}  // namespace

void write_scans(const fs::path& data, const std::vector<ScanSet>& scans) {
  nlohmann::json content = {{"schema", kScansSchema}};
  for (std::size_t i = 0; i < std::size(io::kSplits); ++i) content[io::split_name(io::kSplits[i])] = scans.at(i);
  io::write_atomically(data / kScans, content.dump(1) + "\n");
}

std::optional<ScanSet> training_scans(const fs::path& data) { return scans_of(data, io::Split::Train); }

void write_learned(const fs::path& folder, const ScanSet& scans) {
  fs::create_directories(folder);
  io::write_atomically(folder / kLearned, nlohmann::json{{"schema", kScansSchema}, {"scans", scans}}.dump(1) + "\n");
}

std::optional<ScanSet> read_learned(const fs::path& folder) {
  const auto found = read_sets(folder / kLearned);
  if (!found) return std::nullopt;
  return found->at("scans").get<ScanSet>();
}

std::optional<ScanSet> learned_without_held_out(const fs::path& folder, const fs::path& data, const std::string& key) {
  const auto learned = read_learned(folder);
  const auto validation = scans_of(data, io::Split::Validation), test = scans_of(data, io::Split::Test);
  if (!learned || !validation || !test) {
    log_warning(key + ": it is not recorded which scans were learned there: held-out patients may be among them");
    return std::nullopt;
  }
  const auto was_learned = [&](const std::string& scan) { return learned->contains(scan); };
  const auto seen = std::count_if(validation->begin(), validation->end(), was_learned) +
                    std::count_if(test->begin(), test->end(), was_learned);
  if (seen > 0)
    throw ConfigError({{"the generator", key,
                        "has learned from " + std::to_string(seen) +
                            " scans that are held out here: prepare both runs with the same prepare.split and "
                            "run.seed"}});
  return learned;
}

}  // namespace ctforge::pipeline
