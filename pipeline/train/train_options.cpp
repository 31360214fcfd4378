// Implements what both phases of training share.
#include "pipeline/train/train_options.h"

#include "pipeline/config/config_visitors.h"
#include "pipeline/observe/log.h"
#include "pipeline/observe/progress.h"
#include "pipeline/run/memory.h"

#include <utility>

namespace ctforge::pipeline {

namespace {

constexpr std::size_t kShownDigits = 16;  // of a hash, enough to tell checkpoints apart

}  // namespace

nlohmann::ordered_json settings_of(TrainConfig config) {
  // Folders may bear patients' names; what was in them is told by its hash.
  config.from.clear();
  config.pairs.clear();
  return section_json(config);
}

train::TrainerOptions shared_options(const TrainConfig& config) {
  train::TrainerOptions options;
  options.weight_decay = config.weight_decay;
  options.beta1 = config.beta1;
  options.beta2 = config.beta2;
  options.clip_norm = config.clip_norm;
  options.precision = train::precision_from_name(config.precision);
  options.checkpoint_every = config.checkpoint_every;
  options.checkpoint_every_s = config.checkpoint_every_s;
  options.log_every = config.log_every;
  return options;
}

train::Hooks phase_hooks(const Phase& phase, const Context& context, const MetricsLog& metrics,
                         std::function<nlohmann::ordered_json()> figures) {
  train::Hooks hooks;
  std::string unit = phase.progress;
  if (phase.time_limit_s > 0) unit += " (at most " + readable_seconds(phase.time_limit_s) + ")";
  hooks.start = [phase, unit, &context, &metrics](std::int64_t step) {
    metrics.cut(phase.name, step);
    context.tell("phase_started", {{"phase", phase.name},
                                   {"unit", phase.progress},
                                   {"step", step},
                                   {"steps", phase.steps},
                                   {"time_limit_s", phase.time_limit_s}});
    if (step > 0 && step < phase.steps) log_info("train: " + phase.name + " goes on from step " + std::to_string(step));
    context.progress(step, phase.steps, unit);
  };
  hooks.log = [phase, &context, &metrics, figures = std::move(figures)](const train::LogEntry& entry) {
    auto line = figures_of(entry, phase.images_per_step, memory_use(context.device));
    if (figures) line.update(figures());  // all processes of a group make them
    metrics.add(phase.name, "train", entry.step, line);
  };
  hooks.after_step = [phase, unit, &context](std::int64_t step) { context.progress(step, phase.steps, unit); };
  hooks.saved = [phase, &context](std::int64_t step, const std::string& sha256) {
    context.tell("checkpoint_written",
                 {{"phase", phase.name}, {"step", step}, {"sha256", sha256.substr(0, kShownDigits)}});
  };
  hooks.warn = [](const std::string& text) { log_warning("train: " + text); };
  hooks.interrupted = context.interrupted;
  return hooks;
}

std::string outcome_name(train::Outcome outcome) {
  switch (outcome) {
    case train::Outcome::Finished:
      return "finished";
    case train::Outcome::TimeLimit:
      return "time limit";
    case train::Outcome::Interrupted:
      break;
  }
  throw Interrupted{"train"};
}

}  // namespace ctforge::pipeline
