// The experiment's figures from its cells: what is chosen on validation patients, then scored on test patients.
#pragma once

#include "eval/downstream.h"
#include "eval/saving.h"
#include "pipeline/evaluate/downstream_config.h"
#include "pipeline/evaluate/downstream_inputs.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

struct CandidateScore {
  Candidate candidate;
  double validation_dice = 0;  // mean over seeds of the last point of the curve, over organs and validation patients
  double test_dice = 0;        // mean over seeds, organs and test patients: to be looked at, never chosen by
  bool chosen = false;
  std::int64_t diverged = 0;  // seeds whose loss ceased to be finite; it is then never chosen
};

// One arm at one fraction.
struct ArmResult {
  std::string name;
  std::vector<CandidateScore> candidates;
  std::vector<nlohmann::ordered_json> cells;  // [seeds] of the chosen candidate
};

struct FractionResult {
  double fraction = 1;
  std::int64_t train_patients = 0, train_patches = 0, synthetic_patches = 0, rejected_patches = 0;
  std::string inputs_sha256;
  std::vector<ArmResult> arms;                                  // the baseline first
  eval::Experiment experiment;                                  // of the chosen candidates, arms in the same order
  std::vector<std::vector<std::vector<double>>> wilcoxon_holm;  // [arms - 1][measures][labels]
};

struct DownstreamResult {
  std::vector<FractionResult> fractions;  // ascending; the whole is the last
  std::vector<eval::Saving> savings;      // one a fraction; none without a curve: one fraction, two of as many
                                          // patients, or no arm real_synthetic
};

// Where several candidates are to be chosen among, some validation patient must have an organ contoured: throws
// io::DataError(NothingUsable) otherwise.
void require_choice(const DownstreamConfig& config, const eval::PatchSet& validation);

// cells: as train_cells returns them. Holm's correction is over two families, each of all arms and fractions: the
// organs one by one, and their mean. Throws ConfigError when every candidate of an arm diverged.
DownstreamResult score_downstream(const DownstreamInputs& inputs, const DownstreamConfig& config,
                                  const std::vector<nlohmann::ordered_json>& cells, std::uint64_t seed);

}  // namespace ctforge::pipeline
