// The solver and the noise levels that section `sample` names.
#pragma once

#include "models/diffusion/solve.h"
#include "pipeline/sample/sample.h"

#include <functional>
#include <vector>

namespace ctforge::pipeline {

// One of the solvers with its options bound.
using Solver =
    std::function<torch::Tensor(const diffusion::Denoise&, const diffusion::Path&, torch::Tensor x,
                                const diffusion::Levels&, const diffusion::NoiseSource&, const diffusion::StepHook&)>;

// Whether a sample is a function of its starting noise alone.
bool is_deterministic(const SampleConfig& config);
// The solver of sample.sampler. Throws std::invalid_argument for a name that is none.
Solver make_solver(const SampleConfig& config);
// The noise levels of sample.levels or sample.grid for what the network learned. Throws ConfigError when the settings
// do not fit its path. With sample.strength below 1 the last ones of them, at least one.
std::vector<double> make_times(const SampleConfig& config, const diffusion::Parametrisation& parametrisation);
// Throws ConfigError, listing all of them, for what asks of a GAN more than samples. Its sampler and steps are not
// used: one configuration may serve both kinds.
void check_gan_sampling(const SampleConfig& config);
// Throws ConfigError for a sampler or grid that cannot work on what the network learned.
void check_sampler(const SampleConfig& config, const diffusion::Parametrisation& parametrisation);

}  // namespace ctforge::pipeline
