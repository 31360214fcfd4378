// The nearest-neighbour part of the evaluation: are synthetic patches copies of training patches?
#pragma once

#include "pipeline/evaluate_distances.h"

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// The content of nearest.json. Correlations are over all patches; feature distances over those whose features were
// taken.
nlohmann::ordered_json nearest_json(const EvaluationInputs& inputs, const ComparedSets& compared,
                                    const std::vector<SetFeatures>& features, const EvaluateConfig& config);

}  // namespace ctforge::pipeline
