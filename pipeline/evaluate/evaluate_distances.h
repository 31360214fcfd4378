// The distances part of the evaluation: distances on features and of HU, with their floors and reference rows.
#pragma once

#include "eval/comparison.h"
#include "pipeline/evaluate/evaluate_cells.h"
#include "pipeline/evaluate/evaluate_codec.h"
#include "pipeline/evaluate/evaluate_inputs.h"
#include "pipeline/evaluate/evaluate_measures.h"
#include "pipeline/run/context.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// The name of the last set where there is a codec that loses something: all real patches after a round trip through it.
inline constexpr const char* kReconstructed = "reconstructed";

// The sets that are compared, each thinned evenly over its patients to config.images patches.
struct ComparedSets {
  eval::PatchSet real;  // train, validation and test
  std::vector<std::string> names;
  std::vector<eval::PatchSet> sets;  // synthetic, the extra sets, noise, the real ones reconstructed
  eval::ComparisonPlan plan;
  // Indices of the thinned sets' patches in their shards.
  eval::Indices real_index, synthetic_index;
};
ComparedSets compared_sets(const EvaluationInputs& inputs, const std::optional<LossyCodec>& codec,
                           const EvaluateConfig& config, std::uint64_t seed);

// Features of the compared sets under one extractor, kept as cells by what the extractor sees.
struct SetFeatures {
  std::string name;  // of the extractor
  std::string weights_sha256;
  std::string resize;               // how images reached its size (eval::Resize)
  torch::Tensor real;               // [N,D]
  std::vector<torch::Tensor> sets;  // [M,D] each, in the order of ComparedSets::sets
};
// With a part in the context those of its sets alone; the others are undefined.
std::vector<SetFeatures> all_features(const ComparedSets& compared, Extractors& extractors,
                                      const EvaluateConfig& config, const CellStore& cells, const Context& context);

ComparisonNames names_of(const ComparedSets& compared);
// distances.<features>: the measures, and what they were taken with.
nlohmann::ordered_json feature_entry_json(const SetFeatures& features, const Measured& measured,
                                          const ComparisonNames& names);

// hu: of all pixels, and under the masks (pipeline/evaluate/evaluate_organs.h).
nlohmann::ordered_json hu_json(const ComparedSets& compared, const EvaluateConfig& config);
// How it was measured.
nlohmann::ordered_json protocol_json(const ComparedSets& compared, const EvaluateConfig& config);

// The content of distances.json. Deterministic in seed.
nlohmann::ordered_json distances_json(const ComparedSets& compared, const std::vector<SetFeatures>& features,
                                      const Extractors& extractors, const EvaluateConfig& config, std::uint64_t seed);

// FOLDER/<features>-{real,synthetic}.npz of each set's features with mu, sigma and n, as pytorch-fid reads them.
void write_statistics(const std::vector<SetFeatures>& features, const std::filesystem::path& folder);

}  // namespace ctforge::pipeline
