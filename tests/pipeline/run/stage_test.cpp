// A stage's fingerprint follows from its configuration and what it builds on, and from nothing else.
#include "pipeline/run/stage.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(Stage, FingerprintFollowsUpstreamOnly) {
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
  const StageIdentity train = identity_of(config, "train");
  EXPECT_EQ(train.builds_on, fingerprint(config, "prepare"));
  EXPECT_EQ(train.settings_sha256, settings_sha256(to_json(config).at("train")));
  EXPECT_EQ(train.fingerprint, combined_fingerprint("train", train.builds_on, train.settings_sha256));
  EXPECT_EQ(identity_of(config, "prepare").builds_on, std::to_string(config.run.seed));
}

TEST(Stage, EachIsKnownByItsName) {
  for (const std::string& name : kStages) EXPECT_EQ(stage_named(name).name, name);
  EXPECT_THROW(stage_named("bake"), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::pipeline
