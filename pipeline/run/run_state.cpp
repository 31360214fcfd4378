// Events to a state, and a state to text.
#include "pipeline/run/run_state.h"

#include "pipeline/observe/event_log.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <version.h>

namespace ctforge::pipeline {

using nlohmann::ordered_json;

RunState::RunState(std::string run, const std::vector<std::string>& stages) : run_(std::move(run)), order_(stages) {
  for (const std::string& stage : stages) stages_[stage] = "waiting";
}

void RunState::begin_stage(const std::string& stage) {
  stage_ = stage;
  unit_.clear();
  phase_.clear();
  done_ = total_ = 0;
  pace_ = {};
  left_s_.reset();
  limit_s_.reset();
  limit_end_s_.reset();
}

void RunState::take(const std::string& event, const ordered_json& figures, double now_s) {
  const std::string stage = figures.value("stage", ""), phase = figures.value("phase", "");
  if (event == "stage_started") begin_stage(stage);
  static const std::map<std::string, std::string> states = {{"stage_started", "running"},
                                                            {"stage_kept", "done"},
                                                            {"stage_finished", "done"},
                                                            {"stage_interrupted", "interrupted"},
                                                            {"stage_failed", "failed"}};
  if (const auto state = states.find(event); state != states.end()) stages_[stage] = state->second;
  if (figures.contains("refused")) {
    refused_.clear();
    for (const auto& [reason, count] : figures["refused"].items()) refused_[reason] = count.get<std::int64_t>();
  }
  if (event == "phase_started") {
    const double limit_s = figures.value("time_limit_s", 0.0);
    limit_s_ = limit_s > 0 ? std::optional(limit_s) : std::nullopt;
    used_s_.reset();
    limit_end_s_.reset();
    left_s_.reset();
    phase_ = phase;
    unit_ = figures.at("unit").get<std::string>();
    done_ = figures.at("step").get<std::int64_t>();
    total_ = figures.at("steps").get<std::int64_t>();
  }
  if (event == "measured") {
    figures_[phase][figures.value("kind", "")] = figures;
    if (figures.contains("elapsed_s")) used_s_ = figures["elapsed_s"].get<double>();
  }
  if (event == "checkpoint_written")
    checkpoints_[phase] = {{"step", figures.at("step")}, {"time", now_s}, {"sha256", figures.at("sha256")}};
  if (event == "warning") ++warnings_;
}

void RunState::progress(std::int64_t done, std::int64_t total, const std::string& unit, double clock_s) {
  if (limit_s_ && used_s_) limit_end_s_ = clock_s + *limit_s_ - *std::exchange(used_s_, std::nullopt);
  left_s_ = pace_.left_s(done, total, unit, clock_s);
  if (limit_end_s_ && left_s_) left_s_ = std::max(0.0, std::min(*left_s_, *limit_end_s_ - clock_s));
  done_ = done;
  total_ = total;
  unit_ = unit.substr(0, unit.find(" ("));
}

ordered_json RunState::json(double now_s) const {
  const auto state = stages_.find(stage_);
  ordered_json json{{"schema", kLineSchema},
                    {"run", run_},
                    {"time", now_s},
                    {"stage", stage_},
                    {"state", state == stages_.end() ? "waiting" : state->second},
                    {"phase", phase_},
                    {"done", done_},
                    {"total", total_},
                    {"unit", unit_},
                    {"time_left_s", left_s_ ? ordered_json(*left_s_) : ordered_json()}};
  json["figures"] = figures_;
  json["checkpoints"] = checkpoints_;
  json["warnings"] = warnings_;
  return json;
}

std::string RunState::prometheus(const MemoryUse& memory) const {
  PrometheusText text({{"run", run_}});
  text.family("ctforge_build_info", "gauge", "Always 1; the program's version.");
  text.sample(1, {{"version", kVersion}});
  text.family("ctforge_stage_state", "gauge", "1 for the state that a stage is in, 0 for the others.");
  for (const std::string& stage : order_)
    for (const std::string& state : kStageStates)
      text.sample(stages_.at(stage) == state ? 1 : 0, {{"stage", stage}, {"state", state}});
  if (!stage_.empty() && total_ > 0) {
    const PrometheusLabels labels = {{"stage", stage_}, {"unit", unit_}};
    text.family("ctforge_units_done", "gauge", "Units done of the stage run last, such as training steps.");
    text.sample(static_cast<double>(done_), labels);
    text.family("ctforge_units_planned", "gauge", "Units that it has in all.");
    text.sample(static_cast<double>(total_), labels);
  }
  text.family("ctforge_time_left_seconds", "gauge", "Estimate for the units left.");
  if (left_s_) text.sample(*left_s_, {{"stage", stage_}});
  write_training(text);
  write_process(text, memory);
  return text.text();
}

void RunState::write_training(PrometheusText& text) const {
  for (const auto& [key, name, help] :
       {std::tuple{"step", "ctforge_logged_step", "Optimiser steps done when training figures were logged last."},
        std::tuple{"loss", "ctforge_loss", "Loss logged last."},
        std::tuple{"gradient_norm", "ctforge_gradient_norm", "Gradient norm before clipping, logged last."},
        std::tuple{"learning_rate", "ctforge_learning_rate", "Learning rate, logged last."},
        std::tuple{"images_per_s", "ctforge_images_per_second", "Training images a second, logged last."}}) {
    text.family(name, "gauge", help);
    for (const auto& [phase, kinds] : figures_.items())
      for (const auto& [kind, line] : kinds.items())
        if (line.contains(key) && line[key].is_number())
          text.sample(line[key].get<double>(), {{"phase", phase}, {"kind", kind}});
  }
  text.family("ctforge_checkpoint_step", "gauge", "Optimiser steps in the last checkpoint written.");
  for (const auto& [phase, last] : checkpoints_.items()) text.sample(last["step"].get<double>(), {{"phase", phase}});
  text.family("ctforge_checkpoint_timestamp_seconds", "gauge", "When it was written, seconds since 1970.");
  for (const auto& [phase, last] : checkpoints_.items()) text.sample(last["time"].get<double>(), {{"phase", phase}});
}

void RunState::write_process(PrometheusText& text, const MemoryUse& memory) const {
  text.family("ctforge_memory_bytes", "gauge", "Memory resident (host) or held for tensors (device).");
  text.sample(static_cast<double>(memory.resident_bytes), {{"where", "host"}});
  if (memory.device_bytes) text.sample(static_cast<double>(*memory.device_bytes), {{"where", "device"}});
  text.family("ctforge_memory_peak_bytes", "gauge", "The most of it since the stage began.");
  text.sample(static_cast<double>(memory.peak_bytes), {{"where", "host"}});
  if (memory.device_peak_bytes) text.sample(static_cast<double>(*memory.device_peak_bytes), {{"where", "device"}});
  text.family("ctforge_series_refused_total", "counter", "CT series that prepare refused, by reason.");
  for (const auto& [reason, count] : refused_) text.sample(static_cast<double>(count), {{"reason", reason}});
  text.family("ctforge_warnings_total", "counter", "Warnings logged.");
  text.sample(static_cast<double>(warnings_));
  text.family("ctforge_running", "gauge", "1 until the process ends by itself.");
  text.sample(exit_code_ ? 0 : 1);
  text.family("ctforge_exit_code", "gauge", "Exit code, once it has ended: 0 done, 75 interrupted, 1 to 3 failed.");
  if (exit_code_) text.sample(*exit_code_);
}

}  // namespace ctforge::pipeline
