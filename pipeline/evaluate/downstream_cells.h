// Training the experiment's networks: each (fraction, arm, candidate, seed) is a cell, independent of the others.
#pragma once

#include "eval/patient_scores.h"
#include "pipeline/evaluate/downstream_inputs.h"
#include "pipeline/evaluate/evaluate_cells.h"
#include "pipeline/run/context.h"

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// A network is at rest when its mean validation Dice has risen by less than this over the last quarter of its training.
inline constexpr double kAtRest = 0.01;

// Trains every network that is not among the cells yet and scores the test patients. A cell's key holds what its own
// result depends on and no more: another arm, seed or fraction, or other samples, cost no network that does not see
// them. The cells in the order of cells_of():
//
//   {"fraction", "arm", "learning_rate", "synthetic_share", "synthetic_until" (real_synthetic alone), "seed",
//   "seconds",
//    "patches_per_second", "curve": [{"step", "training_loss", "validation_loss", "validation_dice": {organ}}],
//    "converged": kAtRest, null where the curve does not tell, "validation_dice": of the last point,
//    "test": [{"patient", <measures>: [labels], "missed": [labels], "false_positive_mm3": [labels]}]}
//
// A network whose loss ceased to be finite has "diverged", the step, instead of what comes after "seed" and "seconds".
//
// With a part in the context its networks alone, and nothing is returned. Throws Interrupted.
std::vector<nlohmann::ordered_json> train_cells(const DownstreamInputs& inputs, const DownstreamConfig& config,
                                                const CellStore& cells, const Context& context);

// What a cell tells of the test patients. A number that JSON does not have is there as null: with "missed" set, an
// infinite distance, else a score there is none of.
std::vector<eval::PatientScores> scores_from(const nlohmann::ordered_json& test);

// A cell's name, also that of its file.
std::string cell_name(const DownstreamCell& cell);

// Whether the curve of {step, mean Dice} is at rest; nothing where no point lies at three quarters of the steps or
// before, or there was nothing to validate on.
std::optional<bool> at_rest(const std::vector<std::pair<std::int64_t, double>>& curve, std::int64_t steps);

}  // namespace ctforge::pipeline
