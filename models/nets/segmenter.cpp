// The segmentation U-Net.
#include "models/nets/segmenter.h"

#include <stdexcept>
#include <string>
#include <utility>

#include <torch/nn/init.h>

namespace ctforge::nets {

using torch::Tensor;

namespace {

constexpr double kNormEps = 1e-5;

void require(bool holds, const std::string& field, const std::string& what) {
  if (!holds) throw std::invalid_argument("SegmenterConfig." + field + ": " + what);
}

const SegmenterConfig& validated(const SegmenterConfig& config) {
  validate(config);
  return config;
}

torch::nn::Conv2d strided_convolution(std::int64_t in, std::int64_t out, std::int64_t stride) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).stride(stride).padding(1));
}

// As many groups as channels: instance normalisation.
GroupNorm instance_norm(std::int64_t channels) {
  return GroupNorm(channels, channels, kNormEps, Activation::LeakyRelu);
}

template <class Layer>
void he_initialise(Layer& layer) {
  torch::nn::init::kaiming_normal_(layer.weight, kLeakySlope, torch::kFanIn, torch::kLeakyReLU);
  torch::nn::init::zeros_(layer.bias);
}

}  // namespace

void validate(const SegmenterConfig& c) {
  require(c.in_channels > 0, "in_channels", "must be positive");
  require(c.classes > 1, "classes", "must be at least 2, the background included");
  require(!c.channels.empty(), "channels", "must name at least one stage");
  for (const std::int64_t channels : c.channels) require(channels > 0, "channels", "must be positive");
}

ConvStageImpl::ConvStageImpl(std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride) {
  conv1 = register_module("conv1", strided_convolution(in_channels, out_channels, stride));
  norm1 = register_module("norm1", instance_norm(out_channels));
  conv2 = register_module("conv2", strided_convolution(out_channels, out_channels, 1));
  norm2 = register_module("norm2", instance_norm(out_channels));
}

Tensor ConvStageImpl::forward(const Tensor& x) { return norm2(conv2(norm1(conv1(x)))); }

SegmenterImpl::SegmenterImpl(SegmenterConfig config) : config_(validated(config)) {
  const auto& channels = config_.channels;
  register_module("encoder", encoder);
  register_module("enlarge", enlarge);
  register_module("decoder", decoder);
  for (std::size_t i = 0; i < channels.size(); ++i)
    encoder->push_back(ConvStage(i == 0 ? config_.in_channels : channels[i - 1], channels[i], i == 0 ? 1 : 2));
  for (std::size_t i = channels.size() - 1; i > 0; --i) {
    enlarge->push_back(
        torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(channels[i], channels[i - 1], 2).stride(2)));
    decoder->push_back(ConvStage(2 * channels[i - 1], channels[i - 1], 1));
  }
  head = register_module("head", torch::nn::Conv2d(torch::nn::Conv2dOptions(channels[0], config_.classes, 1)));
  for (const auto& module : modules(false)) {
    if (auto* layer = module->as<torch::nn::Conv2dImpl>()) he_initialise(*layer);
    if (auto* layer = module->as<torch::nn::ConvTranspose2dImpl>()) he_initialise(*layer);
  }
}

Tensor SegmenterImpl::forward(const Tensor& x) {
  const std::int64_t multiple = std::int64_t{1} << (config_.channels.size() - 1);
  if (x.dim() != 4 || x.size(1) != config_.in_channels || x.size(2) % multiple != 0 || x.size(3) % multiple != 0)
    throw std::invalid_argument("Segmenter: x must be [N," + std::to_string(config_.in_channels) +
                                ",H,W] with H and W multiples of " + std::to_string(multiple));
  std::vector<Tensor> skips;
  Tensor hidden = x;
  for (const auto& stage : *encoder) {
    hidden = stage->as<ConvStageImpl>()->forward(hidden);
    skips.push_back(hidden);
  }
  for (std::size_t i = 0; i < decoder->size(); ++i) {
    const Tensor larger = enlarge[i]->as<torch::nn::ConvTranspose2dImpl>()->forward(hidden);
    hidden = decoder[i]->as<ConvStageImpl>()->forward(torch::cat({larger, skips[skips.size() - 2 - i]}, 1));
  }
  return head(hidden);
}

}  // namespace ctforge::nets
