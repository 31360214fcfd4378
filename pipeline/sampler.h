// The solver and the noise levels that section `sample` names.
#pragma once

#include "models/diffusion/solve.h"
#include "pipeline/sample.h"

#include <functional>
#include <vector>

namespace ctforge::pipeline {

// One of the solvers with its options bound.
using Solver =
    std::function<torch::Tensor(const diffusion::Denoise&, const diffusion::Path&, torch::Tensor x,
                                const diffusion::Levels&, const diffusion::NoiseSource&, const diffusion::StepHook&)>;

// The solver of sample.sampler. Throws std::invalid_argument for a name that is none.
Solver make_solver(const SampleConfig& config);
// The noise levels of sample.grid on the generator's path. Throws ConfigError when the settings do not fit the path.
std::vector<double> make_times(const SampleConfig& config, const diffusion::Path& path);

}  // namespace ctforge::pipeline
