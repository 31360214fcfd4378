// Fourier features of the noise level.
#include "models/nets/expected_error.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include <torch/nn/init.h>

namespace ctforge::nets {

ExpectedErrorImpl::ExpectedErrorImpl(double scale, std::int64_t features) : scale_(scale) {
  if (!(scale > 0) || features < 1)
    throw std::invalid_argument("ExpectedError: a scale above 0 and a feature at least");
  frequencies = register_buffer("frequencies", 2 * std::numbers::pi * torch::randn({features}));
  phases = register_buffer("phases", 2 * std::numbers::pi * torch::rand({features}));
  linear = register_module("linear", torch::nn::Linear(torch::nn::LinearOptions(features, 1).bias(false)));
  torch::nn::init::zeros_(linear->weight);
}

torch::Tensor ExpectedErrorImpl::forward(const torch::Tensor& c_noise) {
  const auto angle = torch::outer(c_noise.to(torch::kFloat32) * scale_, frequencies) + phases;  // [N,features]
  return linear->forward(std::numbers::sqrt2 * torch::cos(angle)).squeeze(1).to(torch::kFloat32);
}

}  // namespace ctforge::nets
