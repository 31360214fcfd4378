// The nearest-neighbour part of the evaluation: are synthetic patches copies of training patches?
#pragma once

#include "pipeline/evaluate/evaluate_codec.h"
#include "pipeline/evaluate/evaluate_distances.h"
#include "pipeline/sample/release.h"

#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// The content of nearest.json, memorisation included. Correlations are over all patches, held-out ones after a round
// trip through the codec: samples have passed its decoder, and what that smooths correlates more with anything. Feature
// distances are over the patches whose features were taken, as they are. All of them are told to the verdict.
nlohmann::ordered_json nearest_json(const EvaluationInputs& inputs, const std::optional<LossyCodec>& codec,
                                    const ComparedSets& compared, const std::vector<SetFeatures>& features,
                                    const EvaluateConfig& config, std::uint64_t seed,
                                    const std::filesystem::path& samples, ReleaseVerdict& verdict);

}  // namespace ctforge::pipeline
