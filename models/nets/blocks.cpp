// The parts that the U-Net and the autoencoder are made of.
#include "models/nets/blocks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>

namespace ctforge::nets {

using torch::Tensor;

namespace {

Tensor scaled(const Tensor& sum, double scale) { return scale == 1 ? sum : sum / scale; }

}  // namespace

torch::nn::Conv2d same_size_convolution(std::int64_t in, std::int64_t out, std::int64_t kernel) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).padding(kernel / 2));
}

Tensor byte_dropout(const Tensor& x, double probability, const std::optional<BatchShare>& share) {
  const auto threshold = std::clamp<std::int64_t>(std::lround(probability * 256), 0, 255);
  if (threshold == 0) return x;
  if (share && x.size(0) != share->count) throw std::invalid_argument("byte_dropout: x is not the share of the batch");
  const std::int64_t item = x.numel() / std::max<std::int64_t>(x.size(0), 1);
  const std::int64_t elements = share ? share->whole * item : x.numel();
  const auto words = torch::empty({(elements + 7) / 8}, x.options().dtype(torch::kInt64).requires_grad(false));
  words.random_(std::numeric_limits<std::int64_t>::min(), std::optional<std::int64_t>());  // all 64 bits
  // The bytes in the memory order of x, whose items lie one after the other in every memory format.
  const Tensor bytes = words.view(torch::kUInt8).as_strided(x.sizes(), x.strides(), share ? share->first * item : 0);
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

ResnetBlockImpl::ResnetBlockImpl(const ResnetShape& shape, const BlockOptions& options)
    : options_(options), resample_(shape.resample) {
  const std::int64_t hidden = shape.hidden();
  const bool film = options.time_channels > 0 && options.time_scale_shift == TimeScaleShift::ScaleShift;
  norm1 = register_module("norm1", GroupNorm(shape.groups_in, shape.in_channels, options.norm_eps, options.activation));
  conv1 = register_module("conv1", same_size_convolution(shape.in_channels, hidden, 3));
  if (options.time_channels > 0)
    time_emb_proj =
        register_module("time_emb_proj", torch::nn::Linear(options.time_channels, film ? 2 * hidden : hidden));
  // Scale and offset come between the second normalisation and its activation.
  norm2 = register_module(
      "norm2", GroupNorm(shape.groups_out, hidden, options.norm_eps, film ? Activation::None : options.activation));
  conv2 = register_module("conv2", same_size_convolution(hidden, shape.out_channels, 3));
  if (shape.shortcut || shape.in_channels != shape.out_channels)
    conv_shortcut = register_module("conv_shortcut", same_size_convolution(shape.in_channels, shape.out_channels, 1));
}

Tensor ResnetBlockImpl::conditioned(const Tensor& hidden, const Tensor& time) {
  if (time_emb_proj.is_empty()) return norm2(hidden);
  const Tensor projected = time_emb_proj(time);
  // Where it is added, it is so before the second normalisation, in the same pass over memory.
  if (options_.time_scale_shift == TimeScaleShift::Default) return norm2(hidden, projected);
  const auto parts = projected.unsqueeze(-1).unsqueeze(-1).chunk(2, 1);  // scale and offset, each [N,hidden,1,1]
  return activate(norm2(hidden) * (1 + parts[0]) + parts[1], options_.activation);
}

Tensor ResnetBlockImpl::forward(const Tensor& x, const Tensor& time) {
  const Tensor activated = conditioned(conv1(resampled(norm1(x), resample_)), time);
  const Tensor hidden = conv2(is_training() ? byte_dropout(activated, options_.dropout, share()) : activated);
  const Tensor input = resampled(x, resample_);
  return scaled((conv_shortcut.is_empty() ? input : conv_shortcut(input)) + hidden, options_.output_scale);
}

AttentionImpl::AttentionImpl(const AttentionShape& shape, const BlockOptions& options)
    : heads_(shape.head_dim > 0 ? shape.channels / shape.head_dim : 0),
      head_dim_(shape.head_dim),
      output_scale_(options.output_scale) {
  if (heads_ < 1)
    throw std::invalid_argument("Attention: " + std::to_string(shape.channels) +
                                " channels are fewer than one head's " + std::to_string(shape.head_dim));
  const std::int64_t inner = heads_ * shape.head_dim;
  if (shape.groups > 0)
    group_norm =
        register_module("group_norm", GroupNorm(shape.groups, shape.channels, options.norm_eps, Activation::None));
  to_q = register_module("to_q", torch::nn::Linear(shape.channels, inner));
  to_k = register_module("to_k", torch::nn::Linear(shape.channels, inner));
  to_v = register_module("to_v", torch::nn::Linear(shape.channels, inner));
  to_out = register_module("to_out", torch::nn::ModuleList(torch::nn::Linear(inner, shape.channels)));
}

Tensor AttentionImpl::mix(const Tensor& x) {
  const std::int64_t n = x.size(0), channels = x.size(1), height = x.size(2), width = x.size(3);
  // [N,C,H,W] -> [N,H*W,C]: a view where x is channels_last.
  const Tensor tokens = x.permute({0, 2, 3, 1}).reshape({n, height * width, channels});
  const auto split = [&](const Tensor& t) { return t.view({n, -1, heads_, head_dim_}).transpose(1, 2); };
  const Tensor mixed =
      torch::scaled_dot_product_attention(split(to_q(tokens)), split(to_k(tokens)), split(to_v(tokens)));
  // [N,heads,H*W,head_dim] -> [N,H*W,inner]
  const Tensor joined = mixed.transpose(1, 2).reshape({n, height * width, heads_ * head_dim_});
  const Tensor out = to_out[0]->as<torch::nn::LinearImpl>()->forward(joined);
  return out.view({n, height, width, channels}).permute({0, 3, 1, 2});
}

Tensor AttentionImpl::forward(const Tensor& x, const Tensor&) {
  return scaled(mix(group_norm.is_empty() ? x : group_norm(x)) + x, output_scale_);
}

MidBlockImpl::MidBlockImpl(const MidShape& shape, const BlockOptions& options) {
  if (!shape.attentions.empty())
    attentions = register_module("attentions", torch::nn::ModuleList(Attention(shape.attentions[0], options)));
  resnets = register_module(
      "resnets", torch::nn::ModuleList(ResnetBlock(shape.resnet, options), ResnetBlock(shape.resnet, options)));
}

Tensor MidBlockImpl::forward(const Tensor& x, const Tensor& time) {
  Tensor hidden = resnets[0]->as<StepImpl>()->forward(x, time);
  if (!attentions->is_empty()) hidden = attentions[0]->as<StepImpl>()->forward(hidden, time);
  return resnets[1]->as<StepImpl>()->forward(hidden, time);
}

}  // namespace ctforge::nets
