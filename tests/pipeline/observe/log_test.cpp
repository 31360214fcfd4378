// Log lines go to stderr, whatever characters they hold.
#include "pipeline/observe/log.h"

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

TEST(Log, TheYoungestListenerHearsAndThenTheOneBefore) {
  std::string outer, inner;
  const WarningListener first([&outer](const std::string& text) { outer += text; });
  {
    const WarningListener second([&inner](const std::string& text) { inner += text; });
    log_warning("a");
  }
  log_warning("b");
  EXPECT_EQ(inner, "a");
  EXPECT_EQ(outer, "b");
}

}  // namespace
}  // namespace ctforge::pipeline
