// The blocks of the networks that k-diffusion's authors train.
#include "models/nets/k_blocks.h"

#include <memory>
#include <stdexcept>
#include <string>

#include <torch/utils.h>

namespace ctforge::nets {

using torch::Tensor;

namespace {

constexpr double kAttentionEps = 1e-5;  // whatever the network's norm_eps

torch::nn::Conv2d k_convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, bool bias = true) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).padding(kernel / 2).bias(bias));
}

// Weight and bias that nothing uses: buffers, so that nothing tries to train them.
class IdleNorm : public torch::nn::Module {
 public:
  explicit IdleNorm(std::int64_t channels) {
    register_buffer("weight", torch::ones({channels}));
    register_buffer("bias", torch::zeros({channels}));
  }
};

}  // namespace

AdaptiveGroupNormImpl::AdaptiveGroupNormImpl(std::int64_t groups, std::int64_t channels, std::int64_t time_channels,
                                             double eps)
    : groups_(groups), eps_(eps) {
  if (groups < 1 || channels % groups != 0)
    throw std::invalid_argument("AdaptiveGroupNorm: " + std::to_string(groups) + " groups do not divide " +
                                std::to_string(channels) + " channels");
  linear = register_module("linear", torch::nn::Linear(time_channels, 2 * channels));
}

Tensor AdaptiveGroupNormImpl::forward(const Tensor& x, const Tensor& time) {
  const auto parts = linear(time).unsqueeze(-1).unsqueeze(-1).chunk(2, 1);  // scale and offset, each [N,C,1,1]
  const auto options = linear->weight.options().requires_grad(false);
  const Tensor normalised = group_norm_act(x, groups_, torch::ones({x.size(1)}, options),
                                           torch::zeros({x.size(1)}, options), eps_, Activation::None);
  return normalised * (1 + parts[0]) + parts[1];
}

KResnetBlockImpl::KResnetBlockImpl(const ResnetShape& shape, const BlockOptions& options) : options_(options) {
  const std::int64_t in = shape.in_channels, hidden = shape.hidden();
  norm1 = register_module("norm1", AdaptiveGroupNorm(shape.groups_in, in, options.time_channels, options.norm_eps));
  conv1 = register_module("conv1", k_convolution(in, hidden, 3));
  norm2 =
      register_module("norm2", AdaptiveGroupNorm(shape.groups_out, hidden, options.time_channels, options.norm_eps));
  conv2 = register_module("conv2", k_convolution(hidden, shape.out_channels, 3));
  if (in != shape.out_channels)
    conv_shortcut = register_module("conv_shortcut", k_convolution(in, shape.out_channels, 1, false));
}

Tensor KResnetBlockImpl::forward(const Tensor& x, const Tensor& time) {
  const Tensor first = conv1(activate(norm1(x, time), options_.activation));
  const Tensor activated = activate(norm2(first, time), options_.activation);
  const Tensor hidden = conv2(is_training() ? byte_dropout(activated, options_.dropout, share()) : activated);
  return (conv_shortcut.is_empty() ? x : conv_shortcut(x)) + hidden;
}

KAttentionImpl::KAttentionImpl(const AttentionShape& shape, const BlockOptions& options) {
  const AttentionShape bare{.channels = shape.channels, .head_dim = shape.head_dim};
  const auto norm = [&] {
    return AdaptiveGroupNorm(shape.groups, shape.channels, options.time_channels, kAttentionEps);
  };
  if (shape.twice) {
    norm1 = register_module("norm1", norm());
    attn1 = register_module("attn1", Attention(bare, options));
  }
  norm2 = register_module("norm2", norm());
  attn2 = register_module("attn2", Attention(bare, options));
  attn2->register_module("norm_cross", std::make_shared<IdleNorm>(shape.channels));
}

Tensor KAttentionImpl::forward(const Tensor& x, const Tensor& time) {
  const Tensor first = attn1.is_empty() ? x : attn1->mix(norm1(x, time)) + x;
  return attn2->mix(norm2(first, time)) + first;
}

}  // namespace ctforge::nets
