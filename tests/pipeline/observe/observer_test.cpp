// What a watched run leaves, and that it goes on where nothing can be written.
#include "pipeline/observe/observer.h"

#include "io/file/fault.h"
#include "pipeline/config/config_tree.h"
#include "tests/support/support.h"

#include <sstream>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

Context context_of(const fs::path& out) {
  Context context;
  context.out = out;
  return context;
}

std::vector<ordered_json> events_of(const fs::path& out) {
  std::vector<ordered_json> events;
  std::istringstream text(test::read_file(out / "events.jsonl"));
  for (std::string line; std::getline(text, line);) events.push_back(ordered_json::parse(line));
  return events;
}

TEST(Observer, EventsAndStateAreWritten) {
  const test::TemporaryFolder folder;
  const fs::path out = folder / "out", prometheus = folder / "run.prom";
  fs::create_directories(out);
  Observer observer({.stages = {"train", "report"}, .prometheus = prometheus}, context_of(out));
  const Context context = observer.watched(context_of(out));
  EXPECT_NE(test::read_file(prometheus).find("state=\"waiting\"} 1"), std::string::npos);
  context.tell("stage_started", {{"stage", "train"}, {"seconds_before", 0}});
  context.tell("phase_started", {{"phase", "diffusion"}, {"unit", "steps"}, {"step", 0}, {"steps", 9}});
  context.tell("measured", {{"phase", "diffusion"}, {"kind", "train"}, {"step", 1}, {"loss", 2}});
  log_warning("a warning of the test");
  context.tell("stage_finished", {{"stage", "train"}, {"seconds", 5}, {"peak_memory_bytes", 1}});
  context.tell("stage_started", {{"stage", "report"}, {"seconds_before", 0}});
  context.tell("stage_finished", {{"stage", "report"}, {"seconds", 1}, {"peak_memory_bytes", 1}});
  observer.end(0);
  const auto events = events_of(out);
  ASSERT_EQ(events.size(), 6U);
  EXPECT_EQ(events[0]["event"], "stage_started");
  EXPECT_EQ(events[0]["run"].get<std::string>().size(), 12U);  // a hash of the path
  EXPECT_EQ(events[2]["text"], "a warning of the test");
  const auto state = ordered_json::parse(test::read_file(out / "progress.json"));
  EXPECT_EQ(state["stage"], "train");  // not of the report
  EXPECT_EQ(state["state"], "done");
  EXPECT_NE(test::read_file(prometheus).find("ctforge_exit_code"), std::string::npos);
  EXPECT_EQ(test::read_file(prometheus).find(folder.path().string()), std::string::npos);
}

TEST(Observer, ARunThatDoesNothingLeavesNothing) {
  const test::TemporaryFolder folder;
  Observer observer({.name = "again", .stages = {"train"}}, context_of(folder.path()));
  observer.watched(context_of(folder.path())).tell("stage_kept", {{"stage", "train"}});
  observer.end(0);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Observer, WhatCannotBeWrittenIsWarnedOfOnceAndGivenUp) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "tensorboard", "a file");
  fs::create_directory(folder / "progress.json");
  Observer observer({.stages = {"train"}, .prometheus = folder / "absent" / "run.prom"}, context_of(folder.path()));
  observer.tell("stage_started", {{"stage", "train"}});
  for (int step = 0; step < 3; ++step)
    EXPECT_NO_THROW(observer.tell(
        "measured", {{"time", 1}, {"phase", "diffusion"}, {"kind", "train"}, {"step", step}, {"loss", 2}}));
  observer.end(0);
  int warnings = 0;
  for (const auto& event : events_of(folder.path())) {
    if (event["event"] != "warning") continue;
    ++warnings;
    EXPECT_EQ(event["text"].get<std::string>().find(folder.path().string()), std::string::npos);
  }
  EXPECT_EQ(warnings, 2);  // the first came before anything was run
}

TEST(Observer, FailuresHaveReasonsAndExitCodes) {
  const auto of = [](const auto& thrown) {
    try {
      throw thrown;
    } catch (...) {
      return failure_reason() + " " + std::to_string(failure_exit_code());
    }
  };
  EXPECT_EQ(of(io::DataError(io::Fault::Unreadable, "")), std::string(io::fault_code(io::Fault::Unreadable)) + " 3");
  EXPECT_EQ(of(ConfigError({})), "configuration 2");
  EXPECT_EQ(of(std::runtime_error("")), "internal 1");
  EXPECT_EQ(of(Interrupted{"train"}), "internal 75");
}

}  // namespace
}  // namespace ctforge::pipeline
