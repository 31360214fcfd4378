// The release gate: whether a set of samples may leave, judged by how many of them are training patches over again.
#pragma once

#include "eval/patch_set.h"
#include "pipeline/run/context.h"
#include "pipeline/sample/release_config.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// What was found of a set of samples.
class ReleaseVerdict {
 public:
  // names: of the samples, in their order. set: which samples they are, set_identity of their folder.
  ReleaseVerdict(ReleaseConfig config, std::vector<std::string> names, std::string set = {});
  // One measure of nearness: a value of each of the samples `rows`, and of held-out patches. Without held-out patches
  // nothing can be said by it.
  void add(const std::string& measure, const std::vector<double>& values, const eval::Indices& rows,
           const std::vector<double>& held_out, bool larger_is_nearer);
  // {"schema", "set", "state": "releasable", "not releasable" or "not judged", "samples", "copies", "share",
  // "most_copies", "quantile", "measures": {name: {"limit", "copies"}}, "drop": names of the copies by any measure}.
  nlohmann::ordered_json json() const;

 private:
  ReleaseConfig config_;
  std::string set_;
  std::vector<std::string> names_;
  std::vector<bool> copied_;
  nlohmann::ordered_json measures_ = nlohmann::ordered_json::object();
};

// How near each variation came to the patch that it began at (pipeline/sample/starts.h), in the samples' folder.
inline constexpr const char* kStartsFile = "starts.json";
// Adds that as a measure, where the file is there: beside the largest correlation of each held-out patch. Throws
// io::DataError where it is damaged.
void add_start_correlations(ReleaseVerdict& verdict, const std::filesystem::path& samples, std::int64_t count,
                            const std::vector<double>& held_out);

// Names of all patches' patients in a set, in order: of samples, their own.
std::vector<std::string> sample_names(const eval::PatchSet& set);

// By the correlation of pixels alone, right after sampling, from OUT/data and OUT/samples. "not judged", with a reason,
// where the training set or held-out patients are not there.
nlohmann::ordered_json judge_samples(const ReleaseConfig& config, const Context& context);

// The folder of DICOM files that push takes of a run: what filter kept, where it was run, else the samples. Unless
// allow_copies, throws ConfigError where these are marked as not releasable, where nobody judged them, and where filter
// left copies in or followed another verdict than the latest, and io::DataError where the verdict is damaged.
std::filesystem::path releasable_dicom(const std::filesystem::path& run, bool allow_copies);

// The latest verdict on the samples that a run has now: evaluation/release.json, else samples/release.json; null where
// there is none, an empty object where it is damaged.
nlohmann::ordered_json read_verdict(const std::filesystem::path& out);

// Which samples a folder holds, by the first file's content and all files' names and sizes.
std::string set_identity(const std::filesystem::path& samples);
// Which verdict this is; empty for null.
std::string verdict_identity(const nlohmann::ordered_json& verdict);

}  // namespace ctforge::pipeline
