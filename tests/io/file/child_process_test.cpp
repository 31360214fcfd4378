// Ends of small shell programs, and memory they share.
#include "io/file/child_process.h"

#include "tests/support/support.h"

#include <array>
#include <csignal>
#include <system_error>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

ChildEnd run_script(const std::string& body, std::span<const int> descriptors = {}, double limit_s = 20,
                    const std::function<bool()>& interrupted = {}) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "program", "#!/bin/sh\n" + body + "\n");
  std::filesystem::permissions(folder / "program", std::filesystem::perms::owner_all);
  return run_child(folder / "program", descriptors, limit_s, interrupted);
}

TEST(ChildProcess, TellsHowItEnded) {
  EXPECT_EQ(run_script("exit 7").exit_code, 7);
  EXPECT_EQ(run_script("kill -SEGV $$").signal, SIGSEGV);
  EXPECT_TRUE(run_script("while :; do :; done", {}, 0.2).timed_out);
}

TEST(ChildProcess, EndsWhenInterrupted) {
  int asked = 0;
  const ChildEnd end = run_script("while :; do :; done", {}, 20, [&] { return ++asked > 2; });
  EXPECT_TRUE(end.interrupted);
  EXPECT_FALSE(end.timed_out);
  EXPECT_EQ(end.signal, SIGKILL);
}

TEST(ChildProcess, SharesMemory) {
  const SharedMemory memory(4096);
  const std::array<int, 1> descriptors = {memory.descriptor()};
  EXPECT_EQ(run_script("printf abc >&3", descriptors).exit_code, 0);
  EXPECT_EQ(static_cast<char>(memory.bytes()[1]), 'b');
}

TEST(ChildProcess, RefusesAMissingProgram) {
  EXPECT_THROW(run_child("/nonexistent/program", {}, 1), std::system_error);
}

}  // namespace
}  // namespace ctforge::io
