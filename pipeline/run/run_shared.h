// One stage by several processes.
#pragma once

#include "pipeline/run/stage.h"

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// The stage as the processes of the context's group share it (Stage::sharing); all of them must call. The summary where
// this one leads. Throws Interrupted in all of them when one was.
nlohmann::ordered_json run_shared(const Stage& stage, const Config& config, const Context& context);

}  // namespace ctforge::pipeline
