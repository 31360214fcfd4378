// What the evaluate stage reads: the shards of every side, guarded against leaks, and the extractors' files.
#pragma once

#include "eval/features.h"
#include "eval/patch_set.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/evaluate/evaluate.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ctforge::pipeline {

struct EvaluationInputs {
  eval::PatchSet train, validation, test;  // validation may be empty
  // Of validation and test together what is comparable with train: where training patches all show a label because
  // others were dropped (prepare.patch.require_label), those that do.
  eval::PatchSet held_out;
  eval::PatchSet synthetic;
  std::vector<std::pair<std::string, eval::PatchSet>> extras;
};

// What is wrong with the settings of the extractors: files that are not there, and what would do nothing.
std::vector<ConfigProblem> evaluate_problems(const EvaluateConfig& config);

// Of held-out sets together what is comparable with train: where training patches all show a label because others were
// dropped (prepare.patch.require_label), those that do.
eval::PatchSet held_out_like_train(const eval::PatchSet& train, std::span<const eval::PatchSet> sides);

// Samples tell which training set their generator saw; with another split, held-out patients may be among it. Throws
// io::DataError(OtherConfiguration) when that of the samples in this folder is another one, if they tell.
void require_trained_on(const std::string& train_sha256, const std::filesystem::path& samples);

// Throws io::DataError when shards are missing, damaged, of different kinds, a patient is on two sides, or the
// samples' generator was trained on another training set, and ConfigError for extra sets not written name=FOLDER with a
// plain name.
EvaluationInputs load_inputs(const EvaluateConfig& config, const std::filesystem::path& out);
// Whether anybody in the set has a label contoured.
bool any_contoured(const eval::PatchSet& set);
// SHA-256 over all their shards. Throws io::DataError when one cannot be read.
std::string inputs_sha256(const EvaluateConfig& config, const std::filesystem::path& out);

// The file of EfficientNet-Lite0's weights: as configured; for "auto" $CTFORGE_LITE0, then below the running program's
// ../share/ctforge and ../.deps. Empty for "none" or when "auto" finds none. Throws io::DataError(Unreadable) when a
// file that was named is not there.
std::optional<std::filesystem::path> find_lite0(const std::string& configured);

struct Extractors {
  std::vector<std::unique_ptr<eval::Extractor>> list;
  std::vector<std::pair<std::string, std::string>> unavailable;  // name and reason
};
Extractors load_extractors(const EvaluateConfig& config, const std::string& device);

}  // namespace ctforge::pipeline
