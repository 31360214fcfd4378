// Where a run stands, put together from what its stages tell: what OUT/progress.json and the Prometheus file show.
#pragma once

#include "pipeline/observe/progress.h"
#include "pipeline/observe/prometheus.h"
#include "pipeline/run/memory.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

inline const std::vector<std::string> kStageStates = {"waiting", "running", "done", "interrupted", "failed"};

class RunState {
 public:
  // run: a name without paths.
  RunState(std::string run, const std::vector<std::string>& stages);

  // An event of observer.h; `now_s`: seconds since 1970.
  void take(const std::string& event, const nlohmann::ordered_json& figures, double now_s);
  // `clock_s`: a clock that does not jump.
  void progress(std::int64_t done, std::int64_t total, const std::string& unit, double clock_s);
  void end(int exit_code) { exit_code_ = exit_code; }

  // The stage told of last, as progress.json has it; "state" as in kStageStates.
  nlohmann::ordered_json json(double now_s) const;
  // The text exposition format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
  std::string prometheus(const MemoryUse& memory) const;

  const std::string& stage() const { return stage_; }

 private:
  void begin_stage(const std::string& stage);
  void write_training(PrometheusText& text) const;
  void write_process(PrometheusText& text, const MemoryUse& memory) const;

  std::string run_;
  std::vector<std::string> order_;
  std::map<std::string, std::string> stages_;  // name -> state
  std::string stage_;                          // the last one told of; empty: none yet
  std::string unit_, phase_;
  std::int64_t done_ = 0, total_ = 0;
  Pace pace_;
  std::optional<double> left_s_;
  // Of the running phase: its limit of training time, how much of it the last figures tell to be used, and when it ends
  // on the clock of progress().
  std::optional<double> limit_s_, used_s_, limit_end_s_;
  nlohmann::ordered_json figures_ = nlohmann::ordered_json::object();      // phase -> kind -> the last line's
  nlohmann::ordered_json checkpoints_ = nlohmann::ordered_json::object();  // phase -> step, time, sha256
  std::map<std::string, std::int64_t> refused_;                            // series, by reason
  std::int64_t warnings_ = 0;
  std::optional<int> exit_code_;
};

}  // namespace ctforge::pipeline
