// Watches a run and tells of it: OUT/events.jsonl, OUT/progress.json, OUT/tensorboard and the Prometheus file.
//
// What stages and the run tell by Context::tell:
//
//   stage_started      stage, seconds_before
//   stage_kept         stage: done already (in no file)
//   stage_finished     stage, seconds, peak_memory_bytes; of prepare refused: {reason: series}
//   stage_interrupted  stage, seconds
//   stage_failed       stage, seconds, reason: a fault code, "configuration" or "internal"
//   phase_started      phase, unit of progress, step it goes on from, steps, time_limit_s (0: none)
//   measured           a line of metrics.jsonl (not again in events.jsonl)
//   checkpoint_written phase, step, sha256: its first 16 digits
//   segmenter_trained  arm, fraction, network (arm and what else tells it from others), seed, seconds, curve (its last
//   point in events.jsonl) warning            text
//
// A file that cannot be written is warned of once and given up: nobody wants to lose a training to its thermometer.
#pragma once

#include "pipeline/observe/event_log.h"
#include "pipeline/observe/log.h"
#include "pipeline/observe/tensorboard_log.h"
#include "pipeline/run/context.h"
#include "pipeline/run/run_state.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

struct ObserverOptions {
  std::string name;                  // of the run; empty: a hash of the folder's path
  std::vector<std::string> stages;   // those that will be run
  std::filesystem::path prometheus;  // file; empty: none
  std::string part;  // of a stage, "evaluate-3-of-8": files of its own in OUT/parts; empty: the run itself
  bool tensorboard = true;
  double level_hu = 40, width_hu = 400;  // in which TensorBoard's samples are shown
};

class Observer {
 public:
  Observer(const ObserverOptions& options, const Context& context);
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  // The same context, telling this observer, which must outlive it.
  Context watched(Context context);
  void tell(const std::string& event, const nlohmann::ordered_json& figures);
  void progress(std::int64_t done, std::int64_t total, const std::string& unit);
  // The process ends with this exit code.
  void end(int exit_code);

 private:
  using Clock = std::chrono::steady_clock;
  void write_state();
  void write_tensorboard(const std::string& event, const nlohmann::ordered_json& figures, double now_s);
  // Calls `write` unless it failed before.
  void guarded(bool& works, const std::string& what, const std::function<void()>& write);

  ObserverOptions options_;
  std::filesystem::path out_, files_;  // files_: what the files that tell of it begin with
  std::string device_;
  EventLog events_;
  RunState state_;
  std::optional<TensorBoardLog> tensorboard_;
  std::recursive_mutex mutex_;  // warnings come from any thread, and from in here
  std::optional<Clock::time_point> state_written_;
  bool events_work_ = true, progress_works_ = true, tensorboard_works_ = true, prometheus_works_ = true;
  bool stage_is_run_ = false;  // whether anything happened that progress.json should tell
  WarningListener warnings_;
};

// What a stage that fails with the exception being handled tells as its reason.
std::string failure_reason();
// The exit code that it ends in.
int failure_exit_code();

}  // namespace ctforge::pipeline
