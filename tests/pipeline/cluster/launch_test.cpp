// Launched processes are this test program again, told by a variable what to do.
#include "pipeline/cluster/launch.h"

#include "models/train/parallel.h"
#include "pipeline/cluster/ranks.h"
#include "pipeline/config/command_line.h"

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ctforge::pipeline {
namespace {

constexpr const char* kAct = "CTFORGE_TEST_ACT";

TEST(Launched, DoesAsItIsTold) {
  const char* act = std::getenv(kAct);
  if (act == nullptr) GTEST_SKIP() << "for Launch.* to start";
  const Ranks ranks = ranks_from_environment();
  const std::string wanted = act;
  const bool second = ranks.where.rank == 1;
  if (wanted == "meet") {
    train::Group group(ranks.where, torch::kCPU);
    const double sum = group.sum({1}).front();
    group.leave();
    std::_Exit(sum == 3 ? kDone : kOurFault);
  }
  if (wanted == "killed" && second) ::raise(SIGKILL);
  if (wanted == "fail" && second) std::_Exit(kData);
  if (wanted == "lost") std::_Exit(kOnlyLost);
  if (wanted == "told") std::_Exit(second ? kData : kOnlyLost);
  if (wanted == "hang" && !second) std::_Exit(kOnlyLost);
  if (wanted == "hang") ::raise(SIGSTOP);
  if (wanted == "stop") {
    ::signal(SIGUSR1, [](int) { std::_Exit(kInterrupted); });
    ::kill(::getppid(), SIGUSR1);
  }
  std::this_thread::sleep_for(std::chrono::seconds(60));
  std::_Exit(kOurFault);
}

// launch() blocks signals for good, so it runs in a process of its own.
int launched(const std::string& act, int processes) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kAct, act.c_str(), 1);
    std::_Exit(launch(processes, {"--gtest_filter=Launched.DoesAsItIsTold"}));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(Launch, StartsProcessesThatMeet) { EXPECT_EQ(launched("meet", 3), kDone); }

TEST(Launch, EndsAllWhenOneFailsAndTellsOfOneThatWasKilled) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(launched("fail", 2), kData);
  testing::internal::CaptureStderr();
  EXPECT_EQ(launched("killed", 2), kOurFault);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("process 1 of the 2 that were launched was killed by signal 9"), std::string::npos) << said;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2 * kEndWithin_s + 10));
}

// Of what ended with 1 somebody says why: the processes themselves, or launch.
TEST(Launch, SaysThatProcessesOnlyLostEachOther) {
  const auto said_of = [](const std::string& act, int code) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(launched(act, 2), code) << act;
    return testing::internal::GetCapturedStderr();
  };
  const std::string lost = said_of("lost", kOurFault), hung = said_of("hang", kOurFault);
  EXPECT_NE(lost.find("ctforge: the 2 processes that were launched did not meet, or lost each other"),
            std::string::npos)
      << lost;
  EXPECT_NE(hung.find("ctforge: process 1 of the 2 that were launched gave no sign of life"), std::string::npos)
      << hung;
  EXPECT_EQ(said_of("told", kData).find("ctforge:"), std::string::npos) << "the one that failed says why";
}

TEST(Launch, PassesSignalsOn) { EXPECT_EQ(launched("stop", 2), kInterrupted); }

}  // namespace
}  // namespace ctforge::pipeline
