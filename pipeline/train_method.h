// The diffusion method that section `train` names: what a network learns, and on which path.
#pragma once

#include "models/diffusion/loss.h"
#include "models/diffusion/precond.h"
#include "pipeline/train.h"

#include <string>

namespace ctforge::pipeline {

// All of the method that a trained network's answers depend on, with nothing left to "auto".
struct Method {
  std::string name = "edm";  // "edm", "ddpm" or "rectified_flow"
  std::string betas;         // ddpm only: "linear", "scaled_linear", "cosine", "raised_cosine" or "sigmoid"
  bool zero_terminal_snr = false;
  std::string target = "edm";  // "noise", "data", "velocity", "edm" or "flow"
  bool learned_variance = false;
};

// Throws ConfigError, naming all of them, for settings that do not go together.
Method method_of(const TrainConfig& config);
// Throws std::invalid_argument for a name that is none.
diffusion::Parametrisation parametrisation_of(const Method& method, double sigma_data);
diffusion::LossOptions loss_options_of(const TrainConfig& config);

}  // namespace ctforge::pipeline
