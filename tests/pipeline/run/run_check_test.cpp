// What does not go together is refused, all of it, before any work.
#include "pipeline/run/run.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(RunCheck, PrometheusFilesThatNobodyWouldReadAreRefused) {
  test::TemporaryFolder folder;
  for (const auto& file : {folder / "run.txt", folder / "absent" / "run.prom"}) {
    const Config config = read_config({}, {"run.prometheus=" + file.string()});
    EXPECT_THROW(check_stages(config, {"report"}), ConfigError) << file;
  }
}

TEST(RunCheck, ChecksAllStagesBeforeAnyWork) {
  test::TemporaryFolder folder;
  const Config config = read_config({}, {"sample.eta=0.5", "evaluate.inception=/nowhere", "evaluate.extra_sets=[x]",
                                         "prepare.split.test_patients=0"});
  try {
    run_stages(config, {"prepare", "train", "sample", "evaluate"}, folder.path());
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.problems().size(), 4U);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_NO_THROW(run_stages(config, {}, folder.path()));  // what concerns no stage that is asked for
}

TEST(RunCheck, FractionsWithWeightsFromElsewhere) {
  const Config config = read_config({}, {"evaluate.downstream.fractions=[0.5, 1]", "train.from=/runs/a"});
  EXPECT_THROW(check_stages(config, {"evaluate"}), ConfigError);
  EXPECT_NO_THROW(check_stages(config, {"prepare"}));
}

}  // namespace
}  // namespace ctforge::pipeline
