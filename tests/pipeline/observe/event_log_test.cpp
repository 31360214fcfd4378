// Lines are whole, one an event.
#include "pipeline/observe/event_log.h"

#include "tests/support/support.h"

#include <algorithm>
#include <sstream>
#include <system_error>
#include <thread>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(EventLog, LinesOfSeveralWritersDoNotMix) {
  const test::TemporaryFolder folder;
  const auto write = [&folder](int writer) {
    const EventLog log(folder / "events.jsonl");
    for (int i = 0; i < 100; ++i) log.add("warning", {{"writer", writer}, {"text", std::string(200, 'x')}});
  };
  std::thread first(write, 1), second(write, 2);
  first.join();
  second.join();
  std::istringstream text(test::read_file(folder / "events.jsonl"));
  int lines = 0;
  for (std::string line; std::getline(text, line); ++lines) {
    const auto json = nlohmann::ordered_json::parse(line);
    EXPECT_EQ(json["schema"], kLineSchema);
    EXPECT_GT(json["time"], 1.7e9);
    EXPECT_EQ(json["event"], "warning");
  }
  EXPECT_EQ(lines, 200);
}

TEST(EventLog, TextsThatAreNoUtf8DoNotStopARun) {
  const test::TemporaryFolder folder;
  EXPECT_NO_THROW(EventLog(folder / "events.jsonl").add("warning", {{"text", "\xff"}}));
}

TEST(EventLog, SaysWhenItCannotBeWritten) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(EventLog(folder / "absent" / "events.jsonl").add("warning", {{"text", ""}}), std::system_error);
}

}  // namespace
}  // namespace ctforge::pipeline
