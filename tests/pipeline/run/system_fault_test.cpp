// A full disk is named, with what to do; other errors are told as the system tells them.
#include "pipeline/run/system_fault.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

std::string line(int error, const std::string& what = {}) {
  return describe(std::error_code(error, std::generic_category()), what);
}

TEST(SystemFault, FullDiskSaysWhatToDo) {
  const std::string text = line(ENOSPC, "cannot write a.safetensors: No space left on device");
  EXPECT_EQ(text.find("cannot write a.safetensors: No space left on device. The disk is full"), 0u) << text;
  EXPECT_NE(text.find("run the same command to go on"), std::string::npos);
  EXPECT_NE(line(EDQUOT).find("quota"), std::string::npos);
  EXPECT_NE(line(EFBIG).find("ulimit -f"), std::string::npos);
}

TEST(SystemFault, OthersAreAsTheSystemTellsThem) {
  EXPECT_EQ(line(ENOENT), "a file operation failed: No such file or directory");
  EXPECT_EQ(describe({}, "it failed"), "it failed");
}

}  // namespace
}  // namespace ctforge::pipeline
