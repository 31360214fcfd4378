// What is taken of another run; stages and autoencoders are adopted in sweep_test.cpp.
#include "pipeline/interchange/adopt.h"

#include "pipeline/run/run.h"
#include "tests/support/support.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(Adopt, FeaturesThatItDoesNotHave) {
  const test::TemporaryFolder folder;
  namespace fs = std::filesystem;
  const fs::path theirs = folder / "theirs", ours = folder / "ours";
  adopt_features(theirs, ours);  // nothing there
  for (const fs::path& run : {theirs, ours}) fs::create_directories(run / "evaluation" / "cells");
  test::write_file(theirs / "evaluation" / "cells" / "features-a-real.safetensors", "theirs");
  test::write_file(theirs / "evaluation" / "cells" / "features-a-noise.safetensors", "theirs");
  test::write_file(theirs / "evaluation" / "cells" / "real-0.json", "theirs");
  test::write_file(ours / "evaluation" / "cells" / "features-a-real.safetensors", "ours");
  adopt_features(theirs, ours);
  const fs::path cells = ours / "evaluation" / "cells";
  EXPECT_EQ(test::read_file(cells / "features-a-real.safetensors"), "ours");
  EXPECT_EQ(test::read_file(cells / "features-a-noise.safetensors"), "theirs");
  EXPECT_FALSE(fs::exists(cells / "real-0.json"));
}

TEST(Adopt, TheKeyThatPreparedDataDependOn) {
  const test::TemporaryFolder folder;
  const Config config = read_config(
      {}, {"phantom.patients=3", "phantom.matrix=32", "phantom.slices=4", "run.threads=1",
           "run.stages=[phantom, prepare]", "prepare.split.test_patients=1", "prepare.split.validation_patients=0"});
  run_stages(config, config.run.stages, folder / "theirs");
  adopt_stages(config, {"phantom"}, folder / "theirs", folder / "ours");
  EXPECT_FALSE(std::filesystem::exists(folder / "ours" / "patient.key"));
  adopt_stages(config, config.run.stages, folder / "theirs", folder / "ours");
  EXPECT_EQ(test::read_file(folder / "ours" / "patient.key"), test::read_file(folder / "theirs" / "patient.key"));
}

}  // namespace
}  // namespace ctforge::pipeline
