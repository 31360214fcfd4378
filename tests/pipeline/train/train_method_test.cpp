// Methods by name: what "auto" stands for, and what does not go together.
#include "pipeline/train/train_method.h"

#include "pipeline/config/config_tree.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

using diffusion::Target;

TrainConfig with_method(const char* name) {
  TrainConfig config;
  config.method = name;
  return config;
}

TEST(Method, AutoIsWhatEachMethodIsKnownFor) {
  EXPECT_EQ(method_of(with_method("edm")).target, "edm");
  EXPECT_EQ(method_of(with_method("ddpm")).target, "velocity");
  EXPECT_EQ(method_of(with_method("rectified_flow")).target, "flow");
  EXPECT_EQ(loss_options_of(with_method("edm")).weighting, diffusion::Weighting::Edm);
  EXPECT_EQ(loss_options_of(with_method("edm")).log_mean, -0.4);
  EXPECT_EQ(loss_options_of(with_method("ddpm")).times, diffusion::TimeDistribution::Uniform);
  EXPECT_EQ(loss_options_of(with_method("rectified_flow")).times, diffusion::TimeDistribution::LogNormal);
  EXPECT_EQ(loss_options_of(with_method("rectified_flow")).log_mean, 0);
}

TEST(Method, NamesPathsAndTargets) {
  EXPECT_EQ(parametrisation_of(method_of(with_method("edm")), 0.5).path.at(3).sigma, 3);
  EXPECT_EQ(parametrisation_of(method_of(with_method("rectified_flow")), 0.5).path.at(1).alpha, 0);
  TrainConfig config = with_method("ddpm");
  config.betas = "linear";
  EXPECT_NEAR(parametrisation_of(method_of(config), 0.5).path.at(999).ratio(), 157.4, 0.05);
  config.zero_terminal_snr = true;
  EXPECT_EQ(parametrisation_of(method_of(config), 0.5).path.at(999).alpha, 0);
  config.zero_terminal_snr = false;
  config.target = "noise";
  config.learned_variance = true;
  EXPECT_EQ(parametrisation_of(method_of(config), 0.5).target, Target::Noise);
  EXPECT_TRUE(parametrisation_of(method_of(config), 0.5).learned_variance);
  for (const char* betas : {"linear", "scaled_linear", "cosine", "raised_cosine", "sigmoid"}) {
    config.betas = betas;
    EXPECT_NO_THROW(parametrisation_of(method_of(config), 0.5)) << betas;
  }
  EXPECT_THROW(parametrisation_of({"magic", "", false, "edm", false}, 0.5), std::invalid_argument);
  EXPECT_THROW(parametrisation_of({"ddpm", "magic", false, "noise", false}, 0.5), std::invalid_argument);
  EXPECT_THROW(parametrisation_of({"edm", "", false, "magic", false}, 0.5), std::invalid_argument);
}

TEST(Method, HasTheLimitsOfBetasThatAreGiven) {
  Method method{"ddpm", "linear", false, "noise", false, {2e-4, 0.03}};
  EXPECT_DOUBLE_EQ(betas_of(method).front(), 2e-4);
  EXPECT_DOUBLE_EQ(betas_of(method).back(), 0.03);
  // (1 - cos(pi t / T)) / 2 beta_max: half of it in the middle.
  method.betas = "raised_cosine";
  method.beta_limits = {0.04};
  EXPECT_NEAR(betas_of(method)[499], 0.02, 1e-12);
  TrainConfig config = with_method("ddpm");
  config.betas = "raised_cosine";
  config.beta_limits = {1e-4, 0.02};
  EXPECT_THROW(method_of(config), ConfigError);
  config.betas = "linear";
  EXPECT_EQ(method_of(config).beta_limits, config.beta_limits);
  config.beta_limits = {0.02};
  EXPECT_THROW(method_of(config), ConfigError);
}

TEST(Method, ConsistencyBeginsWithDiffusionUnlessThatWasLearned) {
  TrainConfig config = with_method("consistency");
  config.steps = 800;
  config.consistency.stages = 8;
  EXPECT_EQ(consistency_options_of(config, 0).stage, 0);
  EXPECT_EQ(consistency_options_of(config, 799).stage, 7);
  config.from = "teacher";
  EXPECT_EQ(consistency_options_of(config, 0).stage, 1);
  EXPECT_EQ(consistency_options_of(config, 799).stage, 8);
  config.from_weights = false;
  EXPECT_EQ(consistency_options_of(config, 0).stage, 0);
}

TEST(Method, RefusesWhatDoesNotGoTogether) {
  TrainConfig config = with_method("rectified_flow");
  config.target = "noise";
  config.learned_variance = true;
  config.zero_terminal_snr = true;
  try {
    method_of(config);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.problems().size(), 3U);
  }
  config = with_method("rectified_flow");
  config.weighting = "min_snr";
  EXPECT_THROW(method_of(config), ConfigError);
  config = with_method("ddpm");
  config.weighting = "edm";
  EXPECT_NO_THROW(method_of(config));  // of velocity, bounded
  config.target = "noise";
  EXPECT_THROW(method_of(config), ConfigError);
  config.target = "auto";
  config.weighting = "min_snr";
  EXPECT_NO_THROW(method_of(config));
  config = with_method("edm");
  config.times = "uniform";
  EXPECT_THROW(method_of(config), ConfigError);
  config = with_method("ddpm");
  config.learned_variance = true;
  config.times = "lognormal";
  EXPECT_THROW(method_of(config), ConfigError);
}

}  // namespace
}  // namespace ctforge::pipeline
