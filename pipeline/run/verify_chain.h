// Whether each result of a run names the very contents that it was made of: input -> patches -> checkpoints -> samples
// -> evaluation -> report.
#pragma once

#include "pipeline/run/verify.h"

namespace ctforge::pipeline {

// Adds what does not hold, and what could not be checked, to the verdict on verdict.stage. manifest: of the run. Inputs
// of prepare are read again where they are the run's own cohort, or config names them.
void check_chain(const std::filesystem::path& run, const nlohmann::ordered_json& manifest,
                 const std::optional<Config>& config, StageVerdict& verdict);

}  // namespace ctforge::pipeline
