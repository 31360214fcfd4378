// What can be known to be wrong with section `train` before any work.
#pragma once

#include "pipeline/train/train.h"

namespace ctforge::pipeline {

// Throws ConfigError, naming all of them, for settings that do not go together, for settings that would do nothing, and
// where a file that they need is missing.
void check_train(const TrainConfig& config);

}  // namespace ctforge::pipeline
