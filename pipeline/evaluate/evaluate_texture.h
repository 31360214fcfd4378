// Noise power and diversity of the compared sets.
#pragma once

#include "pipeline/evaluate/evaluate_distances.h"

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// The content of noise_power.json: the log-spectral distance of radial noise power spectra, the noise in HU, and the
// curves. Of regions of soft tissue where every drawn half has some, else of what smoothing leaves over.
nlohmann::ordered_json noise_power_json(const ComparedSets& compared, const EvaluateConfig& config);

// The content of diversity.json: the mean multi-scale structural similarity of pairs within the synthetic set, and, as
// its floor, within the real patches of other patients. Says why where it cannot be measured.
nlohmann::ordered_json diversity_json(const ComparedSets& compared, const EvaluateConfig& config, std::uint64_t seed);

}  // namespace ctforge::pipeline
