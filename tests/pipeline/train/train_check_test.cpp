// Settings that contradict each other or would do nothing are refused before any work.
#include "pipeline/train/train_check.h"

#include "pipeline/config/config_tree.h"

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

// The keys that are refused.
std::vector<std::string> refused(const std::function<void(TrainConfig&)>& change) {
  TrainConfig config;
  change(config);
  std::vector<std::string> keys;
  try {
    check_train(config);
  } catch (const ConfigError& error) {
    for (const ConfigProblem& problem : error.problems()) keys.push_back(problem.key);
  }
  return keys;
}

using Keys = std::vector<std::string>;

TEST(CheckTrain, RefusesWhatWouldDoNothing) {
  EXPECT_EQ(refused([](TrainConfig&) {}), Keys());
  EXPECT_EQ(refused([](TrainConfig& c) { c.betas = "linear"; }), Keys{"train.betas"});
  EXPECT_EQ(refused([](TrainConfig& c) { c.huber_delta = 0.5; }), Keys{"train.huber_delta"});
  EXPECT_EQ(refused([](TrainConfig& c) {
              c.huber_delta = 0.5;
              c.loss = "huber";
            }),
            Keys());
  EXPECT_EQ(refused([](TrainConfig& c) { c.logit_mean = 1; }), Keys{"train.logit_mean"});
  EXPECT_EQ(refused([](TrainConfig& c) {
              c.logit_mean = 1;
              c.method = "rectified_flow";
            }),
            Keys());
  EXPECT_EQ(refused([](TrainConfig& c) {
              c.noise_mean = 1;
              c.method = "rectified_flow";
            }),
            Keys{"train.noise_mean"});
  EXPECT_EQ(refused([](TrainConfig& c) {
              c.noise_mean = 1;
              c.method = "ddpm";
            }),
            Keys{"train.noise_mean"});
  EXPECT_EQ(refused([](TrainConfig& c) {
              c.noise_mean = 1;
              c.method = "ddpm";
              c.times = "lognormal";
            }),
            Keys());
  EXPECT_EQ(refused([](TrainConfig& c) {
              c.beta_limits = {1e-4, 0.02};
              c.method = "ddpm";
            }),
            (Keys{"train.beta_limits", "train.beta_limits"}));  // cosine has none
  EXPECT_EQ(refused([](TrainConfig& c) { c.bound_patches = 3; }), Keys{"train.bound_patches"});
  EXPECT_EQ(refused([](TrainConfig& c) { c.consistency.stages = 3; }), Keys{"train.consistency.stages"});
  EXPECT_EQ(refused([](TrainConfig& c) { c.augment.copies = 9; }), Keys{"train.augment.copies"});
  EXPECT_EQ(refused([](TrainConfig& c) { c.from_weights = false; }), Keys{"train.from_weights"});
}

TEST(CheckTrain, RefusesWhatCannotCome) {
  EXPECT_EQ(refused([](TrainConfig& c) {
              c.method = "consistency";
              c.time_limit_min = 3;
            }),
            Keys{"train.time_limit_min"});
  EXPECT_EQ(refused([](TrainConfig& c) {
              c.autoencoder.adversarial_weight = 0.5;
              c.autoencoder.steps = c.autoencoder.adversarial_start;
            }),
            Keys{"train.autoencoder.adversarial_start"});
  // With those of the method.
  EXPECT_EQ(refused([](TrainConfig& c) {
              c.zero_terminal_snr = true;
              c.betas = "linear";
            }),
            (Keys{"train.zero_terminal_snr", "train.betas"}));
  const char* before = std::getenv("CTFORGE_LITE0");
  const std::string kept = before != nullptr ? before : "";
  ::setenv("CTFORGE_LITE0", "/nowhere", 1);
  EXPECT_EQ(refused([](TrainConfig& c) { c.autoencoder.perceptual_weight = 0.5; }),
            Keys{"train.autoencoder.perceptual_weight"});
  before != nullptr ? ::setenv("CTFORGE_LITE0", kept.c_str(), 1) : ::unsetenv("CTFORGE_LITE0");
}

}  // namespace
}  // namespace ctforge::pipeline
