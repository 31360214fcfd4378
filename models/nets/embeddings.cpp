// How a noise level becomes a vector.
#include "models/nets/embeddings.h"

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include <torch/utils.h>

namespace ctforge::nets {

using torch::Tensor;

Tensor sinusoidal_embedding(const Tensor& c_noise, std::int64_t channels, bool flip_sin_to_cos, double freq_shift) {
  const std::int64_t half = channels / 2;
  const auto options = torch::TensorOptions().dtype(torch::kFloat32).device(c_noise.device());
  const Tensor exponent = -std::log(10000.0) * torch::arange(half, options) / (static_cast<double>(half) - freq_shift);
  const Tensor angle = c_noise.to(torch::kFloat32).unsqueeze(1) * torch::exp(exponent).unsqueeze(0);  // [N,half]
  const Tensor sine = torch::sin(angle), cosine = torch::cos(angle);
  const Tensor both = flip_sin_to_cos ? torch::cat({cosine, sine}, 1) : torch::cat({sine, cosine}, 1);
  return channels % 2 == 0 ? both : torch::constant_pad_nd(both, {0, 1});
}

FourierProjectionImpl::FourierProjectionImpl(std::int64_t frequencies, double scale) {
  weight = register_buffer("weight", torch::randn({frequencies}) * scale);
}

Tensor FourierProjectionImpl::forward(const Tensor& c_noise) {
  const Tensor level = c_noise.to(torch::kFloat32);
  if (!level.gt(0).all().item<bool>())
    throw std::invalid_argument("FourierProjection: the logarithm of a noise level that is not positive");
  // The angles are thousands of radians: in this order of multiplication they are diffusers' to the last bit.
  const Tensor angle = torch::log(level).unsqueeze(1) * weight.unsqueeze(0) * 2 * std::numbers::pi;  // [N,frequencies]
  return torch::cat({torch::sin(angle), torch::cos(angle)}, 1);
}

LearnedProjectionImpl::LearnedProjectionImpl(std::int64_t steps, std::int64_t channels) {
  weight = register_parameter("weight", torch::randn({steps, channels}));
}

Tensor LearnedProjectionImpl::forward(const Tensor& c_noise) {
  const Tensor step = c_noise.to(torch::kInt64);
  const bool known = step.eq(c_noise).logical_and(step.ge(0)).logical_and(step.lt(weight.size(0))).all().item<bool>();
  if (!known)
    throw std::invalid_argument("LearnedProjection: noise levels must be whole numbers below " +
                                std::to_string(weight.size(0)));
  return torch::embedding(weight, step);
}

TimestepEmbeddingImpl::TimestepEmbeddingImpl(std::int64_t in_channels, std::int64_t out_channels) {
  linear_1 = register_module("linear_1", torch::nn::Linear(in_channels, out_channels));
  linear_2 = register_module("linear_2", torch::nn::Linear(out_channels, out_channels));
}

Tensor TimestepEmbeddingImpl::forward(const Tensor& x) {
  return linear_2(torch::silu(linear_1(x.to(linear_1->weight.scalar_type()))));
}

}  // namespace ctforge::nets
