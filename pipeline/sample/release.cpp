// Counting copies and writing down what follows.
#include "pipeline/sample/release.h"

#include "eval/comparison.h"
#include "eval/nearest.h"
#include "io/file/digest.h"
#include "io/file/fault.h"
#include "io/file/shard.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/evaluate/evaluate_codec.h"
#include "pipeline/evaluate/evaluate_inputs.h"
#include "pipeline/run/json_file.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <numeric>
#include <utility>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr int kVerdictSchema = 2;  // 1 did not say of which samples
constexpr const char* kFile = "release.json";

eval::PatchSet opened(const fs::path& folder, const std::string& prefix) {
  return eval::patches_of(std::make_shared<const io::ShardSet>(folder, prefix));
}

eval::Indices all_rows(std::int64_t count) {
  eval::Indices rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  return rows;
}

std::vector<eval::PatchSet> held_out_sides(const fs::path& data) {
  std::vector<eval::PatchSet> sides;
  for (const char* split : {"validation", "test"})
    if (io::has_shards(data, split)) sides.push_back(opened(data, split));
  return sides;
}

}  // namespace

ReleaseVerdict::ReleaseVerdict(ReleaseConfig config, std::vector<std::string> names, std::string set)
    : config_(config), set_(std::move(set)), names_(std::move(names)), copied_(names_.size(), false) {}

void ReleaseVerdict::add(const std::string& measure, const std::vector<double>& values, const eval::Indices& rows,
                         const std::vector<double>& held_out, bool larger_is_nearer) {
  if (held_out.empty()) return;
  const double limit = eval::quantile(held_out, larger_is_nearer ? 1 - config_.quantile : config_.quantile);
  std::int64_t copies = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (larger_is_nearer ? values[i] <= limit : values[i] >= limit) continue;
    copied_[static_cast<std::size_t>(rows[i])] = true;
    ++copies;
  }
  measures_[measure] = {{"limit", limit}, {"samples", values.size()}, {"copies", copies}};
}

ordered_json ReleaseVerdict::json() const {
  const auto copies = std::count(copied_.begin(), copied_.end(), true);
  const double share = names_.empty() ? 0 : static_cast<double>(copies) / static_cast<double>(names_.size());
  const char* state = measures_.empty() ? "not judged" : share <= config_.most_copies ? "releasable" : "not releasable";
  ordered_json json{{"schema", kVerdictSchema},
                    {"set", set_},
                    {"state", state},
                    {"samples", names_.size()},
                    {"copies", copies},
                    {"share", share},
                    {"most_copies", config_.most_copies},
                    {"quantile", config_.quantile},
                    {"measures", measures_},
                    {"drop", ordered_json::array()}};
  for (std::size_t i = 0; i < names_.size(); ++i)
    if (copied_[i]) json["drop"].push_back(names_[i]);
  return json;
}

void add_start_correlations(ReleaseVerdict& verdict, const fs::path& samples, std::int64_t count,
                            const std::vector<double>& held_out) {
  if (!fs::exists(samples / kStartsFile)) return;
  const ordered_json values = read_object(samples / kStartsFile).value("correlation", ordered_json());
  if (!values.is_array() || std::ssize(values) != count)
    throw io::DataError(io::Fault::InvalidShard, "starts.json beside the samples is damaged: run sample again");
  verdict.add("correlation_with_start", values.get<std::vector<double>>(), all_rows(count), held_out, true);
}

std::vector<std::string> sample_names(const eval::PatchSet& set) {
  std::vector<std::string> names;
  for (const std::int32_t patient : set.patient) names.push_back(set.patients[static_cast<std::size_t>(patient)]);
  return names;
}

ordered_json judge_samples(const ReleaseConfig& config, const Context& context) {
  const fs::path data = context.out / "data";
  const eval::PatchSet samples = opened(context.out / "samples", "synthetic");
  ReleaseVerdict verdict(config, sample_names(samples), set_identity(context.out / "samples"));
  const auto not_judged = [&](const char* reason) {
    ordered_json json = verdict.json();
    json["reason"] = reason;
    return json;
  };
  if (!io::has_shards(data, "train")) return not_judged("the training set is not here");
  const eval::PatchSet training = opened(data, "train");
  const auto sides = held_out_sides(data);
  constexpr const char* kNobody = "there are no held-out patients to compare with";
  if (sides.empty()) return not_judged(kNobody);
  eval::PatchSet held_out = held_out_like_train(training, sides);
  if (held_out.size() == 0) return not_judged(kNobody);
  // Samples have passed the decoder, and what that smooths correlates more with anything.
  if (const auto codec = find_lossy_codec(context)) held_out = reconstructed(held_out, codec->codec);
  const std::vector<double> of_held_out = eval::nearest_by_correlation(held_out, training).value;
  verdict.add("correlation", eval::nearest_by_correlation(samples, training).value, all_rows(samples.size()),
              of_held_out, true);
  add_start_correlations(verdict, context.out / "samples", samples.size(), of_held_out);
  return verdict.json();
}

std::string set_identity(const fs::path& samples) {
  std::map<std::string, std::uintmax_t> sizes;
  if (fs::is_directory(samples))
    for (const auto& entry : fs::directory_iterator(samples)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("synthetic-") && entry.path().extension() == ".safetensors") sizes[name] = entry.file_size();
    }
  // Samples of other settings, or of another generator, differ from the first on.
  std::string text = sizes.empty() ? "" : io::sha256_file(samples / sizes.begin()->first);
  for (const auto& [name, size] : sizes) text += "\n" + name + " " + std::to_string(size);
  return io::sha256_hex(text);
}

std::string verdict_identity(const ordered_json& verdict) {
  return verdict.is_null() ? "" : io::sha256_hex(verdict.dump());
}

ordered_json read_verdict(const fs::path& out) {
  for (const char* folder : {"evaluation", "samples"}) {
    const fs::path file = out / folder / kFile;
    if (!fs::exists(file)) continue;
    const ordered_json verdict = read_object(file);
    if (!verdict.contains("state")) return ordered_json::object();
    if (verdict.value("set", "") == set_identity(out / "samples")) return verdict;
  }
  return nullptr;
}

fs::path releasable_dicom(const fs::path& run, bool allow_copies) {
  const fs::path record = run / "released" / "filter.json";
  const bool filtered = fs::exists(record);
  const fs::path folder = run / (filtered ? "released" : "samples") / "dicom";
  if (allow_copies) return folder;
  const ordered_json verdict = read_verdict(run);
  if (verdict.is_object() && verdict.empty())
    throw io::DataError(io::Fault::Unreadable,
                        "the verdict whether samples are copies, release.json, is damaged: run evaluate again, or give "
                        "--allow-copies");
  const auto refuse = [](const std::string& why) {
    throw ConfigError({{"--out", "", why + "; --allow-copies sends them as they are"}});
  };
  if (verdict.is_null() || verdict.at("state") == "not judged")
    refuse(
        "nobody has judged whether the samples are copies of training patches: sample and evaluate do, with the "
        "training set and held-out patients");
  const ordered_json filter = filtered ? read_object(record) : ordered_json();
  const bool harmless = verdict.at("state") == "releasable" && filtered && filter.value("set", "") == verdict.at("set");
  if (filtered && !harmless && filter.value("verdict", "") != verdict_identity(verdict))
    refuse("released/ holds copies, other samples, or what an earlier verdict left: run ctforge filter again");
  if (!filtered && verdict.at("state") == "not releasable")
    refuse(
        "the samples are marked as not releasable, too many are copies of training patches: ctforge filter leaves "
        "those out");
  return folder;
}

}  // namespace ctforge::pipeline
