// Implements the learning-rate schedules.
#include "models/train/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace ctforge::train {

Schedule schedule_from_name(const std::string& name) {
  if (name == "constant") return Schedule::Constant;
  if (name == "cosine") return Schedule::Cosine;
  if (name == "inverse_sqrt") return Schedule::InverseSqrt;
  throw std::invalid_argument("unknown schedule '" + name + "'; known: constant, cosine, inverse_sqrt");
}

double learning_rate(const LearningRateOptions& options, std::int64_t step) {
  double factor = 1;
  if (step < options.warmup_steps) {
    factor = static_cast<double>(step + 1) / static_cast<double>(options.warmup_steps);
  }
  const auto position = static_cast<double>(step);
  switch (options.schedule) {
    case Schedule::Constant:
      break;
    case Schedule::Cosine: {
      const auto from = static_cast<double>(options.warmup_steps);
      const double length = std::max(static_cast<double>(options.steps) - from, 1.0);
      const double part = std::clamp((position - from) / length, 0.0, 1.0);
      const double left = 0.5 * (1 + std::cos(std::numbers::pi * part));
      factor *= left + (options.peak > 0 ? options.last / options.peak : 0) * (1 - left);
      break;
    }
    case Schedule::InverseSqrt:
      factor /=
          std::sqrt(std::max(position / static_cast<double>(std::max<std::int64_t>(options.reference_steps, 1)), 1.0));
      break;
  }
  return options.peak * factor;
}

}  // namespace ctforge::train
