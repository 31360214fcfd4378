// The parts that the U-Net and the autoencoder are made of.
#include "models/nets/blocks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

namespace ctforge::nets {

using torch::Tensor;

namespace {

torch::nn::Conv2d convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                              std::int64_t padding) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(padding));
}

}  // namespace

Tensor run_block(const BlockRunner& runner, const Block& block, std::vector<Tensor> inputs) {
  if (runner) return runner(block, inputs);
  // A view, so that gradients of an input's uses inside the block are added up before those of its uses elsewhere, as
  // they are where the block is a function of its own: sums in another order differ in the last bit.
  for (Tensor& input : inputs)
    if (input.defined()) input = input.view_as(input);
  return block(inputs);
}

Tensor byte_dropout(const Tensor& x, double probability) {
  const auto threshold = std::clamp<std::int64_t>(std::lround(probability * 256), 0, 255);
  if (threshold == 0) return x;
  const auto words = torch::empty({(x.numel() + 7) / 8}, x.options().dtype(torch::kInt64).requires_grad(false));
  words.random_(std::numeric_limits<std::int64_t>::min(), std::optional<std::int64_t>());  // all 64 bits
  // The bytes in the memory order of x.
  const Tensor bytes = words.view(torch::kUInt8).as_strided(x.sizes(), x.strides());
  const double scale = 256.0 / static_cast<double>(256 - threshold);
  return x * bytes.ge(threshold).to(x.scalar_type()).mul_(scale);
}

GroupNormImpl::GroupNormImpl(std::int64_t groups, std::int64_t channels, double eps, Activation activation)
    : groups_(groups), eps_(eps), activation_(activation) {
  if (groups < 1 || channels % groups != 0)
    throw std::invalid_argument("GroupNorm: " + std::to_string(groups) + " groups do not divide " +
                                std::to_string(channels) + " channels");
  weight = register_parameter("weight", torch::ones({channels}));
  bias = register_parameter("bias", torch::zeros({channels}));
}

Tensor GroupNormImpl::forward(const Tensor& x, const Tensor& shift) {
  return group_norm_act(x, groups_, weight, bias, eps_, activation_, shift);
}

Tensor sinusoidal_embedding(const Tensor& c_noise, std::int64_t channels, bool flip_sin_to_cos, double freq_shift) {
  const std::int64_t half = channels / 2;
  const auto options = torch::TensorOptions().dtype(torch::kFloat32).device(c_noise.device());
  const Tensor exponent = -std::log(10000.0) * torch::arange(half, options) / (static_cast<double>(half) - freq_shift);
  const Tensor angle = c_noise.to(torch::kFloat32).unsqueeze(1) * torch::exp(exponent).unsqueeze(0);  // [N,half]
  const Tensor sine = torch::sin(angle), cosine = torch::cos(angle);
  const Tensor both = flip_sin_to_cos ? torch::cat({cosine, sine}, 1) : torch::cat({sine, cosine}, 1);
  return channels % 2 == 0 ? both : torch::constant_pad_nd(both, {0, 1});
}

TimestepEmbeddingImpl::TimestepEmbeddingImpl(std::int64_t in_channels, std::int64_t out_channels) {
  linear_1 = register_module("linear_1", torch::nn::Linear(in_channels, out_channels));
  linear_2 = register_module("linear_2", torch::nn::Linear(out_channels, out_channels));
}

Tensor TimestepEmbeddingImpl::forward(const Tensor& x) {
  return linear_2(torch::silu(linear_1(x.to(linear_1->weight.scalar_type()))));
}

ResnetBlockImpl::ResnetBlockImpl(std::int64_t in_channels, std::int64_t out_channels, const BlockOptions& options)
    : dropout_(options.dropout) {
  norm1 = register_module("norm1", GroupNorm(options.norm_num_groups, in_channels, options.norm_eps, Activation::Silu));
  conv1 = register_module("conv1", convolution(in_channels, out_channels, 3, 1, 1));
  if (options.time_channels > 0)
    time_emb_proj = register_module("time_emb_proj", torch::nn::Linear(options.time_channels, out_channels));
  norm2 =
      register_module("norm2", GroupNorm(options.norm_num_groups, out_channels, options.norm_eps, Activation::Silu));
  conv2 = register_module("conv2", convolution(out_channels, out_channels, 3, 1, 1));
  if (in_channels != out_channels)
    conv_shortcut = register_module("conv_shortcut", convolution(in_channels, out_channels, 1, 1, 0));
}

Tensor ResnetBlockImpl::forward(const Tensor& x, const Tensor& activated_time) {
  // The time embedding is added before the second normalisation, in the same pass over memory.
  const Tensor shift = time_emb_proj.is_empty() ? Tensor() : time_emb_proj(activated_time);
  const Tensor activated = norm2(conv1(norm1(x)), shift);
  const Tensor hidden = conv2(is_training() ? byte_dropout(activated, dropout_) : activated);
  return (conv_shortcut.is_empty() ? x : conv_shortcut(x)) + hidden;
}

AttentionImpl::AttentionImpl(std::int64_t channels, std::int64_t head_dim, const BlockOptions& options)
    : heads_(head_dim > 0 ? channels / head_dim : 0), head_dim_(head_dim) {
  if (heads_ < 1)
    throw std::invalid_argument("Attention: " + std::to_string(channels) + " channels are fewer than one head's " +
                                std::to_string(head_dim));
  const std::int64_t inner = heads_ * head_dim;
  group_norm =
      register_module("group_norm", GroupNorm(options.norm_num_groups, channels, options.norm_eps, Activation::None));
  to_q = register_module("to_q", torch::nn::Linear(channels, inner));
  to_k = register_module("to_k", torch::nn::Linear(channels, inner));
  to_v = register_module("to_v", torch::nn::Linear(channels, inner));
  to_out = register_module("to_out", torch::nn::ModuleList(torch::nn::Linear(inner, channels)));
}

Tensor AttentionImpl::forward(const Tensor& x) {
  const std::int64_t n = x.size(0), channels = x.size(1), height = x.size(2), width = x.size(3);
  // [N,C,H,W] -> [N,H*W,C]: a view where x is channels_last.
  const Tensor tokens = group_norm(x).permute({0, 2, 3, 1}).reshape({n, height * width, channels});
  const auto split = [&](const Tensor& t) { return t.view({n, -1, heads_, head_dim_}).transpose(1, 2); };
  const Tensor mixed =
      torch::scaled_dot_product_attention(split(to_q(tokens)), split(to_k(tokens)), split(to_v(tokens)));
  // [N,heads,H*W,head_dim] -> [N,H*W,inner]
  const Tensor joined = mixed.transpose(1, 2).reshape({n, height * width, heads_ * head_dim_});
  const Tensor out = to_out[0]->as<torch::nn::LinearImpl>()->forward(joined);
  return out.view({n, height, width, channels}).permute({0, 3, 1, 2}) + x;
}

DownsampleImpl::DownsampleImpl(std::int64_t channels, std::int64_t padding) : padding_(padding) {
  conv = register_module("conv", convolution(channels, channels, 3, 2, padding));
}

Tensor DownsampleImpl::forward(const Tensor& x) {
  return conv(padding_ == 0 ? torch::constant_pad_nd(x, {0, 1, 0, 1}) : x);
}

UpsampleImpl::UpsampleImpl(std::int64_t channels) {
  conv = register_module("conv", convolution(channels, channels, 3, 1, 1));
}

Tensor UpsampleImpl::forward(const Tensor& x) {
  return conv(torch::upsample_nearest2d(x, {x.size(2) * 2, x.size(3) * 2}));
}

MidBlockImpl::MidBlockImpl(std::int64_t channels, std::int64_t head_dim, const BlockOptions& options) {
  if (head_dim > 0) {
    attentions = register_module("attentions", torch::nn::ModuleList(Attention(channels, head_dim, options)));
  }
  resnets = register_module("resnets", torch::nn::ModuleList(ResnetBlock(channels, channels, options),
                                                             ResnetBlock(channels, channels, options)));
}

Tensor MidBlockImpl::forward(const Tensor& x, const Tensor& activated_time) {
  Tensor hidden = resnets[0]->as<ResnetBlockImpl>()->forward(x, activated_time);
  if (!attentions->is_empty()) hidden = attentions[0]->as<AttentionImpl>()->forward(hidden);
  return resnets[1]->as<ResnetBlockImpl>()->forward(hidden, activated_time);
}

}  // namespace ctforge::nets
