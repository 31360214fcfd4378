// The memorisation part of the evaluation: what features say of samples that are training patches over again.
#pragma once

#include "eval/nearest.h"
#include "pipeline/evaluate/evaluate_distances.h"
#include "pipeline/evaluate/evaluate_inputs.h"

#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// One extractor's features of the thinned sets, by side, with each row's nearest training rows.
struct FeatureSides {
  torch::Tensor training, held_out, synthetic;  // [N,D] each
  // The held-out rows as samples are, after a round trip through the codec: what that changes must not pass for
  // distance from the training data. The held-out rows themselves where the codec loses nothing.
  torch::Tensor held_out_decoded;
  bool through_codec = false;
  std::vector<std::int32_t> training_patient, held_out_patient;
  // Empty where there are no training or held-out rows; of the decoded held-out rows.
  eval::TwoNearest near_synthetic, near_held_out;
};
FeatureSides sides_of(const ComparedSets& compared, const SetFeatures& features, std::int64_t train_size);

// {"authenticity": {"synthetic", "held_out"}, "distance_ratio": medians likewise, "nearer_to_training",
// "copying_statistic", "frechet": {"to_training", "to_held_out", "difference_range", "patients", "draws"}, means over
// draws of as many patients and rows of either side, the held-out side farther where samples lie nearer to the training
// data, "membership": {"auc", "interval", "members", "others"}}; eval/memorisation.h
// says what each means. Measures that need held-out patients are left out where there are none.
nlohmann::ordered_json memorisation_json(const FeatureSides& sides, std::uint64_t seed);

}  // namespace ctforge::pipeline
