// The sample stage refuses settings that contradict each other, and a run without a generator.
#include "pipeline/sample/sample.h"

#include "io/file/fault.h"
#include "pipeline/config/config_tree.h"
#include "tests/pipeline/train/train_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(RunSample, ReportsEverythingThatContradictsItself) {
  const ctforge::test::TemporaryFolder folder;
  Context context;
  context.out = folder.path();
  SampleConfig config;
  config.sigma_min = config.sigma_max = 1;
  config.guidance_high = 1;
  config.guidance_low = 2;
  config.eta = 0.5;
  config.enhanced = config.structure_set = config.surfaces = true;  // of format shards
  try {
    run_sample(config, context);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.problems().size(), 8U);  // the interval would do nothing besides
  }
}

TEST(RunSample, MakesVariationsOfTrainingPatches) {
  const ctforge::test::TemporaryFolder folder;
  const Context context = support::trained_in(folder.path());
  SampleConfig config;
  config.count = 2;
  config.steps = 4;
  config.class_least = 0;
  config.strength = 0.5;
  EXPECT_EQ(run_sample(config, context).at("kept_from_before"), 0);
  config.strength = 0.25;  // other samples
  EXPECT_EQ(run_sample(config, context).at("kept_from_before"), 0);
  EXPECT_EQ(run_sample(config, context).at("kept_from_before"), 2);
  EXPECT_TRUE(std::filesystem::exists(folder / "samples" / "starts.json"));
  config.strength = 0.2;  // of four steps none
  EXPECT_THROW(run_sample(config, context), ConfigError);
  config.strength = 0.5;
  config.pairs = true;
  EXPECT_THROW(run_sample(config, context), ConfigError);
  config.pairs = false;
  config.strength = 1;
  config.movement = 2;  // would do nothing
  EXPECT_THROW(run_sample(config, context), ConfigError);
}

TEST(RunSample, RefusesAGeneratorOfOtherData) {
  const ctforge::test::TemporaryFolder folder;
  const Context context = support::trained_in(folder.path());
  SampleConfig config;
  config.count = 2;
  config.steps = 2;
  config.class_least = 0;
  EXPECT_EQ(run_sample(config, context).at("count"), 2);
  support::write_patches(folder / "data", "train", 12);
  try {
    run_sample(config, context);
    FAIL() << "accepted";
  } catch (const io::DataError& error) {
    EXPECT_EQ(error.fault(), io::Fault::OtherConfiguration);
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
