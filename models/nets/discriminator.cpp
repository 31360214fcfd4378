// Layers of the discriminator.
#include "models/nets/discriminator.h"

#include <algorithm>
#include <stdexcept>

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>

namespace ctforge::nets {

DiscriminatorImpl::DiscriminatorImpl(std::int64_t in_channels, std::int64_t channels, std::int64_t levels) {
  if (channels < 8 || channels % 8 != 0 || levels < 1 || in_channels < 1)
    throw std::invalid_argument("Discriminator: channels must be a multiple of 8, with a level at least");
  layers = register_module("layers", torch::nn::Sequential());
  const auto add = [this](std::int64_t from, std::int64_t to, std::int64_t stride, bool normalised) {
    layers->push_back(torch::nn::Conv2d(torch::nn::Conv2dOptions(from, to, 4).stride(stride).padding(1)));
    if (normalised) layers->push_back(torch::nn::GroupNorm(8, to));
    layers->push_back(torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(0.2)));
  };
  std::int64_t width = channels;
  add(in_channels, width, 2, false);
  for (std::int64_t level = 1; level <= levels; ++level) {
    const std::int64_t next = std::min(2 * width, 8 * channels);
    add(width, next, level < levels ? 2 : 1, true);
    width = next;
  }
  layers->push_back(torch::nn::Conv2d(torch::nn::Conv2dOptions(width, 1, 4).padding(1)));
}

}  // namespace ctforge::nets
