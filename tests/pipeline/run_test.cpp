// A stage's fingerprint follows from its configuration and what it builds on, and from nothing else.
#include "pipeline/run.h"

#include <gtest/gtest.h>

#include "tests/support/support.h"

namespace ctforge::pipeline {
namespace {

TEST(Run, FingerprintFollowsUpstreamOnly) {
  Config config;
  const Config original = config;
  config.sample.count += 1;
  EXPECT_EQ(fingerprint(config, "train"), fingerprint(original, "train"));
  EXPECT_NE(fingerprint(config, "sample"), fingerprint(original, "sample"));
  EXPECT_NE(fingerprint(config, "report"), fingerprint(original, "report"));
  config = original;
  config.run.seed += 1;
  EXPECT_NE(fingerprint(config, "prepare"), fingerprint(original, "prepare"));
  config = original;
  config.phantom.patients += 1;
  EXPECT_EQ(fingerprint(config, "prepare"), fingerprint(original, "prepare"));  // this run makes no phantom
  EXPECT_THROW(fingerprint(config, "bake"), std::invalid_argument);
}

TEST(Run, PhantomStageIsRecordedAndNotRunAgain) {
  test::TemporaryFolder folder;
  Config config = read_config("", {"phantom.patients=1", "run.threads=2"});
  run_stages(config, {"phantom"}, folder.path());
  const std::string first = test::read_file(folder / "manifest.json");
  EXPECT_NE(first.find("\"state\": \"done\""), std::string::npos);
  run_stages(config, {"phantom"}, folder.path());
  EXPECT_EQ(test::read_file(folder / "manifest.json"), first);
}

TEST(Run, CudaWithoutGpuIsOneClearProblem) {
  if (resolve_device("auto") == "cuda") GTEST_SKIP() << "this machine has a GPU";
  try {
    resolve_device("cuda");
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.problems().size(), 1U);
  }
}

}  // namespace
}  // namespace ctforge::pipeline
