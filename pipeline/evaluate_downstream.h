// The downstream part of the evaluation: segmentation networks trained with and without synthetic patches.
#pragma once

#include "pipeline/context.h"
#include "pipeline/evaluate_cells.h"
#include "pipeline/evaluate_inputs.h"

#include <string>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

inline constexpr const char* kBaselineArm = "real";
inline constexpr const char* kSyntheticArm = "real_synthetic";

// Trains every network that is not among the cells yet, scores the test patients and returns the content of
// downstream.json. Both arms take the same number of optimiser steps with batches of the same size, and seed i starts
// both from the same weights. With a part in the context its networks alone are trained, and nothing is returned. Some
// label must be contoured in some test patient. Throws Interrupted.
nlohmann::ordered_json downstream_json(const EvaluationInputs& inputs, const DownstreamConfig& config,
                                       const std::string& key, const CellStore& cells, const Context& context);

}  // namespace ctforge::pipeline
