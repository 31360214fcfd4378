// The downstream part of the evaluation: segmentation networks trained with and without synthetic patches.
#pragma once

#include "pipeline/evaluate/evaluate_cells.h"
#include "pipeline/evaluate/evaluate_inputs.h"
#include "pipeline/run/context.h"

#include <string>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

struct DownstreamReport {
  nlohmann::ordered_json json;  // the content of downstream.json
  std::string csv;              // that of downstream.csv
};

// Trains every network that is not among the cells yet, at every fraction, and scores the test patients. All arms take
// the same number of optimiser steps with batches of the same size, and seed i starts all from the same weights. With a
// part in the context its networks alone are trained, and nothing is returned. Some label must be contoured in some
// test patient. Throws as load_downstream and require_choice do, and Interrupted.
DownstreamReport run_downstream(const EvaluationInputs& inputs, const DownstreamConfig& config, const CellStore& cells,
                                const Context& context);

}  // namespace ctforge::pipeline
