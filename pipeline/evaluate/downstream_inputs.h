// What the segmentation experiment's arms learn from at each fraction of the training patients, guarded against leaks.
#pragma once

#include "eval/patch_set.h"
#include "pipeline/evaluate/downstream_config.h"
#include "pipeline/evaluate/evaluate_cells.h"
#include "pipeline/evaluate/evaluate_inputs.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ctforge::pipeline {

struct FractionInputs {
  double fraction = 1;
  eval::PatchSet train, synthetic;  // synthetic: without patches where no arm takes any
  std::string train_sha256, synthetic_sha256;
  std::int64_t rejected = 0;  // samples that are not in synthetic, for their labels
};

struct DownstreamInputs {
  std::vector<FractionInputs> fractions;  // ascending; the whole is the last
  eval::PatchSet validation, test;        // of OUT, the same for all
  std::string held_out_sha256;
};

// inputs: those of OUT. Fractions below 1 are read from OUT/fractions/. Throws io::DataError where one is missing or
// damaged, and where anything leaks: a patient on both sides, a fraction whose training patients are not among the
// whole's or whose held-out patients are others, samples of a generator that was trained on another set, or learned
// from scans beyond it; also where a fraction has another number of samples than OUT, and
// io::DataError(NothingUsable) where the labels of all are rejected. `cells` keeps which labels are plausible.
DownstreamInputs load_downstream(const EvaluationInputs& inputs, const DownstreamConfig& config, const CellStore& cells,
                                 const std::filesystem::path& out);

// Throws as load_downstream does where OUT's samples, of which some arm takes any, do not tell what their generator was
// trained on, or tell of another training set.
void require_origin(const DownstreamConfig& config, const std::filesystem::path& out);

// SHA-256 of the validation and test patches in a folder of prepared data.
std::string held_out_sha256(const std::filesystem::path& data);
// SHA-256 over what a fraction's networks learn from and are scored on, of the hashes of these; synthetic: empty where
// no arm takes any.
std::string fraction_sha256(const std::string& train, const std::string& synthetic, const std::string& held_out);

}  // namespace ctforge::pipeline
