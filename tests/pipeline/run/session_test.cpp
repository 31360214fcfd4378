// A process on its own, and two that fail together.
#include "pipeline/run/session.h"

#include "models/train/loopback.h"
#include "pipeline/cluster/launch.h"
#include "pipeline/config/command_line.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ctforge::pipeline {
namespace {

TEST(Session, OnItsOwnJoinsNobodyAndSaysWhatWentWrong) {
  Session session;
  EXPECT_EQ(session.join({}).group, nullptr);
  session.leave();
  testing::internal::CaptureStderr();
  EXPECT_EQ(session.fail(kData, "no good"), kData);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "ctforge: no good\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(session.lost({"gone", true}), kOurFault);
  session.ranks.launched = true;
  EXPECT_EQ(session.lost({"gone", false}), kOnlyLost);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Session, LetsOneOfSeveralSayWhatWentWrongForAll) {
  const int listener = train::listen_on_loopback(0);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::vector<pid_t> children;
  for (int rank = 0; rank < 2; ++rank) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    ::dup2(ends[1], STDERR_FILENO);
    Session session;
    session.ranks.where = {rank, 2, "127.0.0.1", train::port_of(listener), {}, false, {}};
    if (rank == 0) session.ranks.where.listener = listener;
    Config config;
    config.run.device = "cpu";
    session.join(config).group->barrier();
    std::_Exit(session.fail(kData, "no good"));
  }
  ::close(ends[1]);
  std::string said;
  char buffer[256];
  for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) said.append(buffer, buffer + got);
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), kData);
  }
  EXPECT_EQ(said, "ctforge: no good\n");
}

}  // namespace
}  // namespace ctforge::pipeline
