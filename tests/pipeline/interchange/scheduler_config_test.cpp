// What diffusers' schedulers say of a network, read and written.
#include "pipeline/interchange/scheduler_config.h"

#include "io/file/fault.h"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::pipeline {
namespace {

using diffusion::Target;

TEST(SchedulerConfig, OfVariancePreservingSchedulers) {
  const auto ddpm = parametrisation_from_scheduler(
      R"({"_class_name": "PNDMScheduler", "beta_schedule": "linear", "num_train_timesteps": 500, "beta_end": 0.01,
          "sigma_min": null})");
  EXPECT_EQ(ddpm.path.t_max(), 499);
  EXPECT_EQ(ddpm.target, Target::Noise);
  EXPECT_FALSE(ddpm.learned_variance);
  const auto learned = parametrisation_from_scheduler(
      R"({"_class_name": "DDPMScheduler", "beta_schedule": "squaredcos_cap_v2", "variance_type": "learned_range",
          "prediction_type": "v_prediction"})");
  EXPECT_EQ(learned.target, Target::Velocity);
  EXPECT_TRUE(learned.learned_variance);
  EXPECT_NEAR(learned.path.at(999).ratio(), 20291, 1);  // diffusers' greatest sigma of this schedule
  const auto zero = parametrisation_from_scheduler(
      R"({"_class_name": "DDIMScheduler", "beta_schedule": "linear", "prediction_type": "v_prediction",
          "rescale_betas_zero_snr": true})");
  EXPECT_EQ(zero.path.at(999).alpha, 0);
  const auto trained = parametrisation_from_scheduler(
      R"({"_class_name": "DDIMScheduler", "beta_schedule": "linear", "trained_betas": [0.1, 0.2]})");
  EXPECT_EQ(trained.path.t_max(), 1);
}

TEST(SchedulerConfig, ReadsWhatPythonWritesOfInfinity) {
  const auto found = parametrisation_from_scheduler(
      R"({"_class_name": "DPMSolverMultistepScheduler", "beta_schedule": "linear", "lambda_min_clipped": -Infinity,
          "variance_type": null,
          "other": "a: Infinity"})");
  EXPECT_EQ(found.path.t_max(), 999);
}

TEST(SchedulerConfig, OfTheOthers) {
  const auto edm = parametrisation_from_scheduler(R"({"_class_name": "EDMEulerScheduler", "sigma_data": 0.7})");
  EXPECT_EQ(edm.target, Target::Edm);
  EXPECT_EQ(edm.sigma_data, 0.7);
  EXPECT_NEAR(edm.path.noise_input(std::exp(1.0)), 0.25, 1e-12);
  const auto consistency = parametrisation_from_scheduler(R"({"_class_name": "CMStochasticIterativeScheduler"})");
  EXPECT_EQ(consistency.target, Target::Boundary);
  EXPECT_NEAR(consistency.path.noise_input(std::exp(1.0)), 250, 1e-9);
  EXPECT_EQ(parametrisation_from_scheduler(R"({"_class_name": "FlowMatchEulerDiscreteScheduler"})").target,
            Target::Flow);
  const auto straight = parametrisation_from_scheduler(
      R"({"_class_name": "UniPCMultistepScheduler", "beta_schedule": "linear", "use_flow_sigmas": true,
          "prediction_type": "flow_prediction"})");
  EXPECT_EQ(straight.target, Target::Flow);
  EXPECT_EQ(straight.path.at(0.25).alpha, 0.75);
  const auto of_noise = parametrisation_from_scheduler(
      R"({"_class_name": "DPMSolverMultistepScheduler", "beta_schedule": "linear", "use_flow_sigmas": true})");
  EXPECT_EQ(of_noise.target, Target::Noise);
  EXPECT_EQ(of_noise.path.at(0.25).alpha, 0.75);
}

TEST(SchedulerConfig, ComesBackAsItWasWritten) {
  const std::vector<Method> methods = {{"edm", "", false, "edm", false},
                                       {"rectified_flow", "", false, "flow", false},
                                       {"consistency", "", false, "boundary", false},
                                       {"ddpm", "cosine", false, "velocity", false},
                                       {"ddpm", "linear", true, "velocity", false},
                                       {"ddpm", "raised_cosine", false, "data", false},
                                       {"ddpm", "scaled_linear", false, "noise", true},
                                       {"ddpm", "sigmoid", false, "noise", false},
                                       {"ddpm", "linear", false, "noise", false, {2e-4, 0.03}},
                                       {"ddpm", "raised_cosine", false, "noise", false, {0.04}}};
  for (const Method& method : methods) {
    const auto expected = parametrisation_of(method, 0.5);
    const auto found = parametrisation_from_scheduler(scheduler_config(method, 0.5));
    EXPECT_EQ(found.target, expected.target) << method.name;
    EXPECT_EQ(found.learned_variance, expected.learned_variance);
    for (const double t : {0.1, 0.7, 1.0, 400.0, 999.0}) {
      EXPECT_NEAR(found.path.at(t).sigma, expected.path.at(t).sigma, 1e-12) << method.name << " " << method.betas;
      EXPECT_NEAR(found.path.noise_input(t), expected.path.noise_input(t), 1e-9) << method.name << " " << method.betas;
    }
  }
}

// DDIM from the cosine schedule's end would multiply a network's errors by 20291.
TEST(SchedulerConfig, OfPredictedNoiseTheHighestLevelsAreLeftOut) {
  const auto config = [](const char* betas, const char* target, bool learned_variance) {
    return nlohmann::json::parse(scheduler_config({"ddpm", betas, false, target, learned_variance}, 1));
  };
  const auto cosine = config("cosine", "noise", false);
  EXPECT_EQ(cosine.at("_class_name"), "DPMSolverMultistepScheduler");
  EXPECT_NEAR(cosine.at("lambda_min_clipped").get<double>(), -2.708, 1e-3);
  EXPECT_EQ(config("cosine", "noise", true).at("clip_sample"), true);
  EXPECT_EQ(config("cosine", "velocity", false).at("_class_name"), "DDIMScheduler");
  EXPECT_EQ(config("scaled_linear", "noise", false).at("_class_name"), "DDIMScheduler");
  EXPECT_EQ(config("sigmoid", "noise", false).at("trained_betas").size(), 1000u);
}

TEST(SchedulerConfig, RefusesByName) {
  const auto message = [](const std::string& text) -> std::string {
    try {
      parametrisation_from_scheduler(text);
    } catch (const io::DataError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_NE(message(R"({"_class_name": "MagicScheduler"})").find("MagicScheduler"), std::string::npos);
  EXPECT_NE(message(R"({"_class_name": "DDIMScheduler", "beta_schedule": "laplace"})").find("laplace"),
            std::string::npos);
  EXPECT_NE(message(R"({"_class_name": "DDIMScheduler", "beta_schedule": "linear", "prediction_type": "magic"})")
                .find("magic"),
            std::string::npos);
  EXPECT_NE(message(R"({"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 500})")
                .find("num_train_timesteps"),
            std::string::npos);
  EXPECT_NE(message(R"({"_class_name": "UniPCMultistepScheduler", "beta_schedule": "linear", "use_flow_sigmas": true,
                        "prediction_type": "v_prediction"})")
                .find("v_prediction with use_flow_sigmas"),
            std::string::npos);
  EXPECT_NE(message("{").find("no configuration"), std::string::npos);
  EXPECT_NE(message(R"({"_class_name": "DDIMScheduler", "beta_schedule": "linear", "beta_end": 2})").find("beta"),
            std::string::npos);
  EXPECT_THROW(scheduler_config({"edm", "", false, "noise", false}, 1), io::DataError);
  EXPECT_THROW(scheduler_config({"ddpm", "linear", false, "edm", false}, 1), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
