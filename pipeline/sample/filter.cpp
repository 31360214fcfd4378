// Copying what is kept.
#include "pipeline/sample/filter.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "io/file/shard.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/run/folder_lock.h"
#include "pipeline/run/json_file.h"
#include "pipeline/sample/release.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr int kFilterSchema = 1;
constexpr const char* kRecord = "filter.json";
constexpr std::int64_t kPatchesPerShard = 1024;

std::set<std::string> names_in(const ordered_json& list) {
  std::set<std::string> names;
  for (const auto& name : list) names.insert(name.get<std::string>());
  return names;
}

std::set<std::string> copies_of(const ordered_json& verdict) {
  if (!verdict.is_object() || verdict.value("state", "not judged") == "not judged")
    throw io::DataError(io::Fault::NothingUsable,
                        "nobody has judged whether these samples are copies: that needs the training set and held-out "
                        "patients; sample and evaluate do it. Or leave copies in with --keep-copies");
  return names_in(verdict.at("drop"));
}

std::set<std::string> rejected_labels(const fs::path& run) {
  const fs::path file = run / "evaluation" / "quality.json";
  if (!fs::exists(file)) return {};
  const auto json = ordered_json::parse(io::read_whole_file(file));
  std::set<std::string> names;
  for (const auto& one : json.at("rejected")) names.insert(one.at("sample").get<std::string>());
  return names;
}

void clear(const fs::path& to) {
  if (!fs::exists(to)) return;
  if (!fs::exists(to / kRecord) && !fs::is_empty(to))
    throw ConfigError({{"--to", "", "the folder holds something else than the result of an earlier filter"}});
  fs::remove_all(to);
}

std::int64_t write_shards(const fs::path& samples, const std::set<std::string>& dropped, const fs::path& to) {
  const io::ShardSet all(samples, "synthetic");
  io::ShardWriter writer(to, "synthetic", all.info(), kPatchesPerShard);
  std::int64_t kept = 0;
  for (std::int64_t i = 0; i < all.size(); ++i) {
    const auto view = all.at(i);
    if (dropped.contains(view.patient)) continue;
    writer.add(io::copied(view));
    ++kept;
  }
  if (kept == 0) throw io::DataError(io::Fault::NothingUsable, "no sample is left");
  writer.finish();
  return kept;
}

// SYN-000001.nii.gz, SYN-000001_seg.dcm, SYN-000001/ and so on belong to sample SYN-000001.
std::string sample_of(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.substr(0, name.find_first_of("_."));
}

void copy_files(const fs::path& samples, const std::set<std::string>& dropped, const fs::path& to) {
  for (const char* format : {"nifti", "dicom"}) {
    if (!fs::is_directory(samples / format)) continue;
    fs::create_directories(to / format);
    for (const auto& entry : fs::directory_iterator(samples / format))
      if (!dropped.contains(sample_of(entry.path())))
        fs::copy(entry.path(), to / format / entry.path().filename(), fs::copy_options::recursive);
  }
}

}  // namespace

FilterResult filter_samples(const FilterConfig& config) {
  const fs::path samples = config.run / "samples", to = config.to.empty() ? config.run / "released" : config.to;
  if (!fs::exists(samples / "samples.json"))
    throw io::DataError(io::Fault::Unreadable, "the run has no finished samples: run sample first");
  const FolderLock lock(config.run);
  const ordered_json verdict = config.copies ? read_verdict(config.run) : ordered_json();
  const auto copies = config.copies ? copies_of(verdict) : std::set<std::string>();
  const auto labels = config.labels ? rejected_labels(config.run) : std::set<std::string>();
  auto dropped = copies;
  dropped.insert(labels.begin(), labels.end());
  clear(to);
  FilterResult result;
  result.kept = write_shards(samples, dropped, to);
  copy_files(samples, dropped, to);
  result.samples = io::ShardSet(samples, "synthetic").size();
  result.copies = std::ssize(copies);
  result.labels = std::ssize(labels);
  const auto record = read_object(samples / "samples.json");
  ordered_json json{{"schema", kFilterSchema},
                    {"samples", result.samples},
                    {"kept", result.kept},
                    {"set", set_identity(samples)},
                    {"verdict", verdict_identity(verdict)},
                    {"copies", copies},
                    {"labels", labels},
                    {"checkpoint_sha256", record.value("checkpoint_sha256", "")},
                    {"train_sha256", record.value("train_sha256", "")}};
  io::write_atomically(to / kRecord, json.dump(1) + "\n");
  return result;
}

}  // namespace ctforge::pipeline
