// The memorisation part of the evaluation: what features say of samples that are training patches over again.
#pragma once

#include "pipeline/evaluate_distances.h"
#include "pipeline/evaluate_inputs.h"

#include <cstdint>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// Of one extractor's features: {"authenticity": {"synthetic", "held_out"}, "distance_ratio": medians likewise,
// "nearer_to_training", "copying_statistic", "membership": {"auc", "interval", "members", "others"}};
// eval/memorisation.h says what each means. Measures that need held-out patients are left out where there are none.
nlohmann::ordered_json memorisation_json(const ComparedSets& compared, const SetFeatures& features,
                                         std::int64_t train_size, std::uint64_t seed);

}  // namespace ctforge::pipeline
