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

TEST(Log, WarningsAreHeardWhileSomebodyListens) {
  std::string heard;
  {
    const WarningListener listener([&heard](const std::string& text) { heard += text; });
    log_warning("first");
    log_info("no warning");
  }
  log_warning("second");
  EXPECT_EQ(heard, "first");
}

}  // namespace
}  // namespace ctforge::pipeline
