// Two sets compared by themselves, without a run: `ctforge evaluate --real A --synthetic B`.
#pragma once

#include "pipeline/evaluate/evaluate.h"
#include "pipeline/run/context.h"

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// Writes OUT/comparison.json, in the form of distances.json, and keeps features below OUT/comparison/. Images are
// compared on the features of the configured extractors and by their HU, CT by radiomics, noise and diversity besides
// as in a run, features as they are, and where a side is statistics the Fréchet distance alone. Of volumes in several
// planes each measure is the mean over the planes, round by round, and `planes` has each by itself. Throws ConfigError
// for settings that would do nothing, io::DataError for sides that cannot be read or compared, Interrupted.
nlohmann::ordered_json run_evaluate_pair(const EvaluateConfig& config, const Context& context,
                                         const std::filesystem::path& real, const std::filesystem::path& synthetic);

// The figures of its result, a line each.
std::string pair_table(const nlohmann::ordered_json& result);

}  // namespace ctforge::pipeline
