// Learning rate as a function of the step.
#pragma once

#include <cstdint>
#include <string>

namespace ctforge::train {

enum class Schedule {
  Constant,
  Cosine,       // half a cosine from the peak at the end of the warm-up to `last` at the last step
  InverseSqrt,  // peak / sqrt(max(step / reference, 1)) (Karras et al. 2024, eq. 67)
};

// "constant", "cosine", "inverse_sqrt"; throws std::invalid_argument for another text.
Schedule schedule_from_name(const std::string& name);

struct LearningRateOptions {
  double peak = 2e-4;
  double last = 0;  // Cosine
  Schedule schedule = Schedule::Constant;
  std::int64_t warmup_steps = 0;     // linear from peak / warmup_steps
  std::int64_t steps = 1;            // length of the run: where Cosine ends
  std::int64_t reference_steps = 1;  // InverseSqrt: the decay begins here
};

// For the step (counted from 0) that is about to be taken.
double learning_rate(const LearningRateOptions& options, std::int64_t step);

}  // namespace ctforge::train
