// Numbered JSON files and the file of unfinished patches.
#include "pipeline/prepare/prepare_progress.h"

#include "io/file/atomic_file.h"

#include <cstdio>
#include <numeric>
#include <utility>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

constexpr int kProgressSchema = 1;
constexpr const char* kFolder = "progress";
constexpr const char* kUnfinishedPrefix = "unfinished-";

std::string numbered(std::int64_t number) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%08lld", static_cast<long long>(number));
  return digits;
}

nlohmann::json to_json(const CutSeries& series) {
  if (series.refusal) return {{"refusal", io::fault_code(series.refusal->fault)}, {"message", series.refusal->message}};
  return {{"content", series.content},
          {"scan", series.scan_sha256},
          {"contoured", series.contoured},
          {"classes", series.classes},
          {"dropped", {series.dropped_empty, series.dropped_unlabelled, series.dropped_unclassed}}};
}

CutSeries series_from(const nlohmann::json& entry) {
  CutSeries series;
  if (entry.contains("refusal")) {
    series.refusal = io::Finding{io::fault_from_code(entry.at("refusal").get<std::string>()),
                                 entry.at("message").get<std::string>()};
    return series;
  }
  series.content = entry.at("content").get<std::string>();
  series.scan_sha256 = entry.at("scan").get<std::string>();
  series.contoured = entry.at("contoured").get<std::vector<int>>();
  series.classes = entry.at("classes").get<std::vector<std::int64_t>>();
  const auto dropped = entry.at("dropped").get<std::array<std::int64_t, 3>>();
  series.dropped_empty = dropped[0];
  series.dropped_unlabelled = dropped[1];
  series.dropped_unclassed = dropped[2];
  return series;
}

nlohmann::json patients_json(const std::vector<CutPatient>& patients) {
  nlohmann::json list = nlohmann::json::array();
  for (const CutPatient& patient : patients) {
    nlohmann::json entries = nlohmann::json::array();
    for (const CutSeries& series : patient) entries.push_back(to_json(series));
    list.push_back(std::move(entries));
  }
  return list;
}

// Nothing where the file is missing, damaged or of another identity.
nlohmann::json read_part(const fs::path& file, const std::string& identity) {
  if (!fs::exists(file)) return {};
  nlohmann::json part = nlohmann::json::parse(io::read_whole_file(file), nullptr, false);
  const bool ours =
      part.is_object() && part.value("schema", 0) == kProgressSchema && part.value("identity", "") == identity;
  return ours ? part : nlohmann::json();
}

}  // namespace

std::int64_t CutSeries::patches() const { return std::accumulate(classes.begin(), classes.end(), std::int64_t{0}); }

PrepareProgress::PrepareProgress(const fs::path& data, std::string identity)
    : folder_(data / kFolder), identity_(std::move(identity)) {}

PrepareState PrepareProgress::load() {
  PrepareState state;
  std::string unfinished;
  for (next_ = 0;; ++next_) {
    const nlohmann::json part = read_part(folder_ / (numbered(next_) + ".json"), identity_);
    if (part.is_null()) break;
    for (const nlohmann::json& patient : part.at("patients")) {
      CutPatient cut;
      for (const nlohmann::json& series : patient) cut.push_back(series_from(series));
      state.patients.push_back(std::move(cut));
    }
    part.at("shards").get_to(state.shards);
    unfinished = part.at("unfinished").get<std::string>();
  }
  if (!unfinished.empty()) state.unfinished = folder_ / unfinished;
  return state;
}

void PrepareProgress::save(const std::vector<CutPatient>& patients,
                           const std::array<std::int64_t, std::size(io::kSplits)>& finished_shards,
                           const io::ShardWriter* writer) {
  std::string unfinished;
  if (writer != nullptr && writer->unfinished_patches() > 0) {
    unfinished = kUnfinishedPrefix + numbered(next_) + ".safetensors";
    writer->save_unfinished(folder_ / unfinished);
  }
  const nlohmann::json part = {{"schema", kProgressSchema},
                               {"identity", identity_},
                               {"patients", patients_json(patients)},
                               {"shards", finished_shards},
                               {"unfinished", unfinished}};
  io::write_atomically(folder_ / (numbered(next_) + ".json"), part.dump() + "\n");
  ++next_;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kUnfinishedPrefix) && name != unfinished) fs::remove(entry.path());
  }
}

void PrepareProgress::remove(const fs::path& data) { fs::remove_all(data / kFolder); }

}  // namespace ctforge::pipeline
