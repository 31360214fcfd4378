// diffusers' scheduler_config.json: what it says of what a network learned.
#pragma once

#include "models/diffusion/precond.h"
#include "pipeline/train/train_method.h"

#include <string>

namespace ctforge::pipeline {

// Path, target and scale of a network that was trained with such a scheduler: any with a beta_schedule (DDPM, DDIM,
// PNDM, Euler, DPM-Solver, UniPC, ...), which is of the straight path where use_flow_sigmas is set, EDM*, FlowMatch*
// and CMStochasticIterativeScheduler. How to sample is not read. Throws io::DataError: InvalidHeader for text that is
// no such configuration, UnsupportedFormat naming class, key and value that are not known here.
diffusion::Parametrisation parametrisation_from_scheduler(const std::string& text);

// The scheduler that samples what a generator learned, as diffusers would read it back: DDIMScheduler,
// EDMEulerScheduler, FlowMatchEulerDiscreteScheduler or CMStochasticIterativeScheduler.
std::string scheduler_config(const Method& method, double sigma_data);

}  // namespace ctforge::pipeline
