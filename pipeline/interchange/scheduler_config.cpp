// Classes and keys of diffusers' schedulers.
#include "pipeline/interchange/scheduler_config.h"

#include "io/file/fault.h"
#include "models/diffusion/schedule.h"

#include <cmath>
#include <map>
#include <regex>
#include <stdexcept>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

namespace {

using diffusion::Target;

constexpr const char* kVersion = "0.42.1";  // of diffusers, whose keys these are
// What diffusers' EDM schedulers tell a network is this times ln(sigma).
constexpr double kEdmNoiseScale = 0.25;
// What ours are told instead. Keys that begin with an underscore are the writer's own to diffusers.
constexpr const char* kNoiseScaleKey = "_ctforge_noise_scale";
constexpr double kNoiseScale = 250;

[[noreturn]] void unsupported(const std::string& what) {
  throw io::DataError(io::Fault::UnsupportedFormat,
                      "the scheduler's configuration has " + what + ", which is not known here");
}

// Python writes Infinity and NaN, as in "lambda_min_clipped": -Infinity, which JSON has no words for.
nlohmann::json parsed(const std::string& text) {
  static const std::regex not_finite(R"(:\s*(-?Infinity|NaN)\b)");
  return nlohmann::json::parse(std::regex_replace(text, not_finite, ": null"));
}

// Keys may be there with null for "as the class does".
double number_of(const nlohmann::json& config, const char* key, double otherwise) {
  const nlohmann::json value = config.value(key, nlohmann::json());
  return value.is_null() ? otherwise : value.get<double>();
}

std::string text_of(const nlohmann::json& config, const char* key, const char* otherwise) {
  const nlohmann::json value = config.value(key, nlohmann::json());
  return value.is_null() ? otherwise : value.get<std::string>();
}

std::vector<double> betas_in(const nlohmann::json& config) {
  const nlohmann::json trained = config.value("trained_betas", nlohmann::json());
  if (trained.is_array()) return trained.get<std::vector<double>>();
  const int steps = config.value("num_train_timesteps", 1000);
  const double first = config.value("beta_start", 1e-4), last = config.value("beta_end", 0.02);
  const std::string name = config.at("beta_schedule");
  if (name == "linear") return diffusion::linear_betas(steps, first, last);
  if (name == "scaled_linear") return diffusion::scaled_linear_betas(steps, first, last);
  if (name == "squaredcos_cap_v2") return diffusion::cosine_betas(steps);
  if (name == "sigmoid") return diffusion::sigmoid_betas(steps, first, last);
  unsupported("beta_schedule " + name);
}

Target target_of(const nlohmann::json& config) {
  const std::string name = text_of(config, "prediction_type", "epsilon");
  if (name == "epsilon") return Target::Noise;
  if (name == "sample") return Target::Data;
  if (name == "v_prediction") return Target::Velocity;
  unsupported("prediction_type " + name);
}

// DPM-Solver's and UniPC's classes, which are of the straight path where use_flow_sigmas is set.
diffusion::Parametrisation straight(const nlohmann::json& config) {
  const std::string name = text_of(config, "prediction_type", "epsilon");
  if (name == "v_prediction") unsupported("prediction_type " + name + " with use_flow_sigmas");
  return {diffusion::rectified(), name == "flow_prediction" ? Target::Flow : target_of(config), 1};
}

diffusion::Parametrisation variance_preserving(const nlohmann::json& config) {
  auto betas = betas_in(config);
  if (config.value("rescale_betas_zero_snr", false)) betas = diffusion::with_zero_terminal_snr(betas);
  const std::string variance = text_of(config, "variance_type", "fixed_small");
  return {diffusion::vp(betas), target_of(config), 1, variance == "learned_range"};
}

// Diffusers' DDIM would begin where the network's errors are multiplied by 20291 (the cosine schedule): DPM-Solver's
// class can leave the highest levels out, as our sampling does. DDPM's can clamp instead, to what standardised latents
// hardly exceed.
void limit_noise(const Method& method, nlohmann::json& config) {
  constexpr double kGreatestRatio = 15, kGreatestLatent = 4;
  const diffusion::Path path = diffusion::vp(betas_of(method));
  if (path.at(path.t_max()).ratio() <= kGreatestRatio) return;
  if (method.learned_variance) {
    config["clip_sample"] = true;
    config["clip_sample_range"] = kGreatestLatent;
    return;
  }
  config.erase("clip_sample");
  if (method.betas == "sigmoid") {  // which that class does not know by name
    config["beta_schedule"] = "linear";
    config["trained_betas"] = betas_of(method);
  }
  config["_class_name"] = "DPMSolverMultistepScheduler";
  config["algorithm_type"] = "dpmsolver++";
  config["solver_order"] = 2;
  config["lambda_min_clipped"] = -std::log(kGreatestRatio);
}

nlohmann::json variance_preserving_config(const Method& method) {
  static const std::map<std::string, nlohmann::json> schedules = {
      {"linear", {{"beta_schedule", "linear"}, {"beta_start", 1e-4}, {"beta_end", 0.02}}},
      {"scaled_linear", {{"beta_schedule", "scaled_linear"}, {"beta_start", 0.00085}, {"beta_end", 0.012}}},
      {"cosine", {{"beta_schedule", "squaredcos_cap_v2"}}},
      {"raised_cosine", {{"beta_schedule", "linear"}}},
      {"sigmoid", {{"beta_schedule", "sigmoid"}, {"beta_start", 1e-4}, {"beta_end", 0.02}}}};
  static const std::map<std::string, std::string> targets = {
      {"noise", "epsilon"}, {"data", "sample"}, {"velocity", "v_prediction"}};
  nlohmann::json config = schedules.at(method.betas);
  if (method.betas == "raised_cosine") config["trained_betas"] = betas_of(method);
  if (method.betas != "raised_cosine" && method.beta_limits.size() == 2) {
    config["beta_start"] = method.beta_limits[0];
    config["beta_end"] = method.beta_limits[1];
  }
  // DDIM knows no learned variance; the ancestral sampler does.
  config["_class_name"] = method.learned_variance ? "DDPMScheduler" : "DDIMScheduler";
  if (method.learned_variance) config["variance_type"] = "learned_range";
  config["num_train_timesteps"] = 1000;
  config["clip_sample"] = false;  // latents have no limits that are known
  config["timestep_spacing"] = "trailing";
  if (method.target == "noise") limit_noise(method, config);
  config["rescale_betas_zero_snr"] = method.zero_terminal_snr;
  const auto target = targets.find(method.target);
  if (target == targets.end())
    throw io::DataError(io::Fault::UnsupportedFormat, "diffusers has no scheduler for train.target " + method.target +
                                                          " on the path of train.method ddpm");
  config["prediction_type"] = target->second;
  return config;
}

}  // namespace

diffusion::Parametrisation parametrisation_from_scheduler(const std::string& text) {
  try {
    const nlohmann::json config = parsed(text);
    const std::string name = config.at("_class_name");
    const double sigma_min = number_of(config, "sigma_min", 0.002), sigma_max = number_of(config, "sigma_max", 80);
    const double sigma_data = number_of(config, "sigma_data", 0.5);
    if (name.starts_with("EDM")) {
      if (text_of(config, "prediction_type", "epsilon") != "epsilon")
        unsupported("prediction_type " + config.at("prediction_type").get<std::string>());
      return {diffusion::ve(sigma_min, sigma_max, number_of(config, kNoiseScaleKey, kEdmNoiseScale)), Target::Edm,
              sigma_data};
    }
    if (name == "CMStochasticIterativeScheduler")
      return {diffusion::ve(sigma_min, sigma_max), Target::Boundary, sigma_data};
    const bool flow_match = name.starts_with("FlowMatch");
    const bool flow = flow_match || config.value("use_flow_sigmas", false);
    if (flow && config.value("num_train_timesteps", 1000) != 1000) unsupported("num_train_timesteps other than 1000");
    if (flow_match) return {diffusion::rectified(), Target::Flow, 1};
    if (flow) return straight(config);
    if (!config.contains("beta_schedule")) unsupported("_class_name " + name);
    return variance_preserving(config);
  } catch (const nlohmann::json::exception&) {
    throw io::DataError(io::Fault::InvalidHeader, "scheduler_config.json is no configuration of a scheduler");
  } catch (const std::invalid_argument& error) {
    throw io::DataError(io::Fault::UnsupportedFormat,
                        std::string("the scheduler's configuration cannot be used: ") + error.what());
  }
}

std::string scheduler_config(const Method& method, double sigma_data) {
  nlohmann::json config;
  if (method.name == "ddpm") {
    config = variance_preserving_config(method);
  } else if (method.name == "rectified_flow" && method.target == "flow") {
    config = {{"_class_name", "FlowMatchEulerDiscreteScheduler"}, {"num_train_timesteps", 1000}, {"shift", 1.0}};
  } else if ((method.name == "edm" && method.target == "edm") || method.name == "consistency") {
    const bool consistency = method.name == "consistency";
    config = {{"_class_name", consistency ? "CMStochasticIterativeScheduler" : "EDMEulerScheduler"},
              {"sigma_min", 0.002},
              {"sigma_max", 80.0},
              {"sigma_data", sigma_data}};
    if (consistency) config["clip_denoised"] = false;
    if (!consistency) config[kNoiseScaleKey] = kNoiseScale;
  } else {
    throw io::DataError(io::Fault::UnsupportedFormat, "diffusers has no scheduler for train.target " + method.target +
                                                          " under train.method " + method.name);
  }
  config["_diffusers_version"] = kVersion;
  return config.dump(2) + "\n";
}

}  // namespace ctforge::pipeline
