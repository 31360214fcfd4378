// What both phases of training derive from the configuration in the same way.
#pragma once

#include "models/train/trainer.h"
#include "pipeline/run/context.h"
#include "pipeline/train/train.h"
#include "pipeline/train/train_metrics.h"

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// The section as JSON, without its paths.
nlohmann::ordered_json settings_of(TrainConfig config);

// Precision, optimiser, clipping and checkpoints; steps, learning rate and average are each phase's own.
train::TrainerOptions shared_options(const TrainConfig& config);

// A phase of training as its log lines and progress name it.
struct Phase {
  std::string name;      // "autoencoder" or "diffusion", in metrics.jsonl
  std::string progress;  // "autoencoder steps" or "steps"
  std::int64_t steps = 0;
  std::int64_t images_per_step = 0;
  double time_limit_s = 0;  // 0: none
};

// Log, progress, checkpoints, warnings and interruption. `figures` gives what else a log line holds; may be empty. The
// context and the metrics must outlive the hooks.
train::Hooks phase_hooks(const Phase& phase, const Context& context, const MetricsLog& metrics,
                         std::function<nlohmann::ordered_json()> figures = {});

// "finished" or "time limit"; throws Interrupted{"train"} for the third.
std::string outcome_name(train::Outcome outcome);

}  // namespace ctforge::pipeline
