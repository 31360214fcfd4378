// The diffusion method that section `train` names: what a network learns, and on which path.
#pragma once

#include "models/diffusion/consistency.h"
#include "models/diffusion/loss.h"
#include "models/diffusion/precond.h"
#include "pipeline/train/train.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// All of the method that a trained network's answers depend on, with nothing left to "auto".
struct Method {
  std::string name = "edm";  // "edm", "ddpm", "rectified_flow" or "consistency"; "gan" for what is no diffusion model
  std::string betas;         // ddpm only: "linear", "scaled_linear", "cosine", "raised_cosine" or "sigmoid"
  bool zero_terminal_snr = false;
  std::string target = "edm";  // "noise", "data", "velocity", "edm", "flow" or "boundary"
  bool learned_variance = false;
  std::vector<double> beta_limits;  // of betas: first and last, or of raised_cosine the greatest; empty: the schedule's

  friend bool operator==(const Method&, const Method&) = default;
};

// Throws ConfigError, naming all of them, for settings that do not go together.
Method method_of(const TrainConfig& config);
// The schedule of a method ddpm, before any rescaling. Throws std::invalid_argument for a name that is none and limits
// that are not as many as it has.
std::vector<double> betas_of(const Method& method);
// Throws std::invalid_argument for a name that is none.
diffusion::Parametrisation parametrisation_of(const Method& method, double sigma_data);
diffusion::LossOptions loss_options_of(const TrainConfig& config);
// At a step of the training, whose points come nearer as it goes on; the last step's are those of the result.
diffusion::ConsistencyOptions consistency_options_of(const TrainConfig& config, std::int64_t step);

}  // namespace ctforge::pipeline
