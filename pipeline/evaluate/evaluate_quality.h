// The label quality part of the evaluation: synthetic pairs whose labels look like no training patient's.
#pragma once

#include "pipeline/evaluate/evaluate_inputs.h"

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// The content of quality.json. Ranges are learned from the training patches (eval/label_quality.h) and applied to the
// synthetic ones and, for the rate of false alarms, to held-out patients'.
nlohmann::ordered_json quality_json(const EvaluationInputs& inputs);

}  // namespace ctforge::pipeline
