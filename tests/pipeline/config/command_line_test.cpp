// Exit codes and messages of the command line.
#include "pipeline/config/command_line.h"

#include "tests/support/support.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

struct Outcome {
  int code;
  std::string out, err;
};

Outcome run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ctforge");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = run_command_line(static_cast<int>(arguments.size()), arguments.data());
  return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

TEST(CommandLine, HelpNamesEveryCommandAndKey) {
  const Outcome help = run({"--help"});
  EXPECT_EQ(help.code, kDone);
  for (const char* command :
       {"inspect", "structures", "phantom", "prepare", "train", "sample", "evaluate", "report", "run"})
    EXPECT_NE(help.out.find(command), std::string::npos) << command;
  EXPECT_NE(run({"train", "--help"}).out.find("train.steps"), std::string::npos);
}

TEST(CommandLine, UsageErrorsAreTwo) {
  EXPECT_EQ(run({}).code, kUsage);
  EXPECT_EQ(run({"bake"}).code, kUsage);
  const Outcome unknown = run({"train", "--set", "train.stepz=3"});
  EXPECT_EQ(unknown.code, kUsage);
  EXPECT_NE(unknown.err.find("did you mean 'train.steps'?"), std::string::npos) << unknown.err;
}

TEST(CommandLine, MissingDataIsThree) {
  test::TemporaryFolder folder;
  const Outcome outcome = run({"train", "--out", folder.path().c_str()});
  EXPECT_EQ(outcome.code, kData) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
}

}  // namespace
}  // namespace ctforge::pipeline
