// A generator without a trained network: Gaussian data whose mean depends on the class, in pixel space with analog
// bits.
#pragma once

#include "pipeline/sample/generator.h"

#include <cmath>

#include <torch/types.h>

namespace ctforge::pipeline::support {

inline constexpr double kClassMean[] = {-0.4, 0.4};  // of the image and of the mask's one bit
inline constexpr double kDeviation = 0.05;

// Patches of 4 x 6 with two classes and two labels; class "low" has mask 0 everywhere, "high" mask 1.
inline Generator toy_generator() {
  Generator generator;
  generator.codec = diffusion::identity_codec(4, 6, 2);
  generator.parametrisation = {diffusion::ve(), diffusion::Target::Edm, 0.5};
  generator.latent_shape = {2, 4, 6};
  generator.patches.height = 4;
  generator.patches.width = 6;
  generator.patches.classes = {"low", "high"};
  generator.patches.labels = {"background", "organ"};
  generator.patches.spacing_mm = {2, 3, 5};
  generator.patches.window_hu = {-1000, 1000};
  generator.checkpoint_sha256 = "0123";
  return generator;
}

// The exact answer for data N(class mean, deviation^2), and N(0, deviation^2) without a class.
inline diffusion::Net toy_network(const Generator& generator) {
  return [parametrisation = generator.parametrisation, none = generator.no_class()](
             const torch::Tensor& input, const torch::Tensor& c_noise, const diffusion::Condition& condition) {
    const diffusion::Path& path = parametrisation.path;
    const double heard = c_noise[0].item<double>();
    const double t = path.discrete() ? heard : path.t_max() == 1 ? heard / 1000 : std::exp(heard / 250);
    const diffusion::AlphaSigma level = path.at(t);
    const auto c = diffusion::precond(parametrisation.target, level, t, path, parametrisation.sigma_data);
    const auto means = torch::tensor({kClassMean[0], kClassMean[1], 0.0}, torch::kFloat64);
    const auto mean = means.index_select(0, condition.labels).view({-1, 1, 1, 1});
    const auto x = input.to(torch::kFloat64) / c.c_in;
    const double variance = std::pow(level.alpha * kDeviation, 2) + level.sigma * level.sigma;
    const double kept = level.alpha * kDeviation * kDeviation / variance;
    return ((mean + (x - level.alpha * mean) * kept - c.c_skip * x) / c.c_out).to(torch::kFloat32);
  };
}

}  // namespace ctforge::pipeline::support
