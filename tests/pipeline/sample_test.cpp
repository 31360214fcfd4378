// The sample stage refuses settings that contradict each other, and a run without a generator.
#include "pipeline/sample.h"

#include "io/fault.h"
#include "pipeline/config_tree.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(RunSample, ReportsEverythingThatContradictsItself) {
  const ctforge::test::TemporaryFolder folder;
  Context context;
  context.out = folder.path();
  SampleConfig config;
  config.sigma_min = config.sigma_max;
  config.guidance_low = config.guidance_high + 1;
  config.eta = 0.5;
  try {
    run_sample(config, context);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.problems().size(), 3U);
  }
}

TEST(RunSample, RefusesARunWithoutAGenerator) {
  const ctforge::test::TemporaryFolder folder;
  Context context;
  context.out = folder.path();
  EXPECT_THROW(run_sample({}, context), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
