// Log lines go to stderr, whatever characters they hold.
#include "pipeline/log.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(Log, LinesGoToStderrUnchanged) {
  testing::internal::CaptureStderr();
  log_info("half {} done %s");
  log_warning("careful");
  const std::string err = testing::internal::GetCapturedStderr();
  EXPECT_NE(err.find("info half {} done %s\n"), std::string::npos) << err;
  EXPECT_NE(err.find("warning careful\n"), std::string::npos) << err;
}

}  // namespace
}  // namespace ctforge::pipeline
