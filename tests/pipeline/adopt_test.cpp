// What is taken of another run; stages and autoencoders are adopted in sweep_test.cpp.
#include "pipeline/adopt.h"

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

}  // namespace
}  // namespace ctforge::pipeline
