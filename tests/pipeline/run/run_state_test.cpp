// A run's state from the events of one.
#include "pipeline/run/run_state.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

RunState in_training() {
  RunState state("night", {"prepare", "train", "report"});
  state.take("stage_started", {{"stage", "prepare"}}, 100);
  state.take("stage_finished", {{"stage", "prepare"}, {"refused", {{"missing-slice", 3}}}}, 110);
  state.take("stage_started", {{"stage", "train"}}, 110);
  state.take("phase_started", {{"phase", "diffusion"}, {"unit", "steps"}, {"step", 100}, {"steps", 1000}}, 110);
  EXPECT_EQ(state.json(110)["done"], 100);  // before the first progress
  state.progress(100, 1000, "steps", 10);
  state.take("measured", {{"phase", "diffusion"}, {"kind", "train"}, {"step", 200}, {"loss", 0.5}}, 120);
  state.take("checkpoint_written", {{"phase", "diffusion"}, {"step", 200}, {"sha256", "abc"}}, 120);
  state.take("warning", {{"text", "careful"}}, 121);
  state.progress(200, 1000, "steps", 20);
  return state;
}

TEST(RunState, JsonTellsTheStageItsProgressAndTheTimeLeft) {
  const auto json = in_training().json(122);
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["run"], "night");
  EXPECT_EQ(json["stage"], "train");
  EXPECT_EQ(json["state"], "running");
  EXPECT_EQ(json["phase"], "diffusion");
  EXPECT_EQ(json["done"], 200);
  EXPECT_EQ(json["total"], 1000);
  EXPECT_EQ(json["time_left_s"], 80);  // 100 steps in 10 s, 800 to go
  EXPECT_EQ(json["figures"]["diffusion"]["train"]["loss"], 0.5);
  EXPECT_EQ(json["checkpoints"]["diffusion"]["time"], 120);
  EXPECT_EQ(json["warnings"], 1);
}

TEST(RunState, ALimitOfTimeBoundsTheTimeLeft) {
  RunState state = in_training();
  state.take("phase_started",
             {{"phase", "diffusion"}, {"unit", "steps"}, {"step", 200}, {"steps", 1000}, {"time_limit_s", 60.0}}, 130);
  state.take("measured", {{"phase", "diffusion"}, {"kind", "train"}, {"step", 300}, {"elapsed_s", 25}}, 140);
  state.progress(300, 1000, "steps (at most 1 min 0 s)", 30);
  state.progress(400, 1000, "steps (at most 1 min 0 s)", 40);
  EXPECT_EQ(state.json(150)["time_left_s"], 25);  // 60 - 25 at 30 s, 10 s ago
  EXPECT_EQ(state.json(150)["unit"], "steps");
}

TEST(RunState, PrometheusTextHasTheState) {
  RunState state = in_training();
  const std::string running = state.prometheus({.resident_bytes = 5, .peak_bytes = 7, .device_bytes = 9});
  for (const char* line : {"ctforge_stage_state{run=\"night\",stage=\"prepare\",state=\"done\"} 1\n",
                           "ctforge_stage_state{run=\"night\",stage=\"train\",state=\"running\"} 1\n",
                           "ctforge_stage_state{run=\"night\",stage=\"report\",state=\"waiting\"} 1\n",
                           "ctforge_units_done{run=\"night\",stage=\"train\",unit=\"steps\"} 200\n",
                           "ctforge_units_planned{run=\"night\",stage=\"train\",unit=\"steps\"} 1000\n",
                           "ctforge_time_left_seconds{run=\"night\",stage=\"train\"} 80\n",
                           "ctforge_loss{run=\"night\",phase=\"diffusion\",kind=\"train\"} 0.5\n",
                           "ctforge_checkpoint_timestamp_seconds{run=\"night\",phase=\"diffusion\"} 120\n",
                           "ctforge_memory_bytes{run=\"night\",where=\"host\"} 5\n",
                           "ctforge_memory_bytes{run=\"night\",where=\"device\"} 9\n",
                           "ctforge_series_refused_total{run=\"night\",reason=\"missing-slice\"} 3\n",
                           "ctforge_warnings_total{run=\"night\"} 1\n", "ctforge_running{run=\"night\"} 1\n"})
    EXPECT_NE(running.find(line), std::string::npos) << line << running;
  EXPECT_EQ(running.find("ctforge_exit_code"), std::string::npos);
  state.take("stage_interrupted", {{"stage", "train"}}, 130);
  state.end(75);
  const std::string ended = state.prometheus({});
  EXPECT_NE(ended.find("ctforge_exit_code{run=\"night\"} 75\n"), std::string::npos);
  EXPECT_NE(ended.find("ctforge_running{run=\"night\"} 0\n"), std::string::npos);
  EXPECT_EQ(state.json(0)["state"], "interrupted");
}

TEST(RunState, EventsWithoutWhatTheyMustTellAreRefused) {
  RunState state = in_training();
  EXPECT_ANY_THROW(state.take("checkpoint_written", {{"phase", "diffusion"}}, 0));
}

}  // namespace
}  // namespace ctforge::pipeline
