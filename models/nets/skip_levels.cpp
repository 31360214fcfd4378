// Levels of the U-Net that carry the picture itself beside the features.
#include "models/nets/skip_levels.h"

#include <numbers>

namespace ctforge::nets {

using torch::Tensor;

namespace {

// The sum of a block and its input keeps its variance.
BlockOptions balanced(BlockOptions options) {
  options.output_scale = std::numbers::sqrt2;
  return options;
}

}  // namespace

SkipDownLevelImpl::SkipDownLevelImpl(const LevelShape& shape, const BlockOptions& options) {
  make_steps<ResnetBlock, Attention>(shape, balanced(options));
  if (shape.resampling == Resampling::None) return;
  resnet_down = register_module("resnet_down", ResnetBlock(shape.resampler, balanced(options)));
  skip_conv = register_module(
      "skip_conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(kPyramidChannels, shape.resampler.out_channels, 1)));
}

void SkipDownLevelImpl::forward(Flow& flow, const TimeVectors& time, const BlockRunner& runner) {
  Tensor& x = flow.hidden;
  for (std::size_t i = 0; i < resnets->size(); ++i) {
    x = run_step(i, {x, time.activated}, runner);
    flow.skips.push_back(x);
  }
  if (resnet_down.is_empty()) return;
  const Block half = [this](const std::vector<Tensor>& inputs) { return resnet_down(inputs[0], inputs[1]); };
  x = run_block(runner, half, {x, time.activated});
  flow.image = binomial_half(flow.image, Border::Zero);
  x = skip_conv(flow.image) + x;
  flow.skips.push_back(x);
}

SkipUpLevelImpl::SkipUpLevelImpl(const LevelShape& shape, const BlockOptions& options) {
  make_steps<ResnetBlock, Attention>(shape, balanced(options));
  if (shape.resampling == Resampling::None) return;
  const std::int64_t channels = shape.resampler.out_channels;
  resnet_up = register_module("resnet_up", ResnetBlock(shape.resampler, balanced(options)));
  skip_conv = register_module("skip_conv",
                              torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, kPyramidChannels, 3).padding(1)));
  skip_norm =
      register_module("skip_norm", GroupNorm(shape.resampler.groups_in, channels, options.norm_eps, Activation::Silu));
}

void SkipUpLevelImpl::forward(Flow& flow, const TimeVectors& time, const BlockRunner& runner) {
  Tensor& x = flow.hidden;
  for (std::size_t i = 0; i < resnets->size(); ++i) x = run_step(i, {x, time.activated, taken_skip(flow)}, runner);
  if (flow.image.defined()) flow.image = binomial_double(flow.image, Border::Zero);
  if (resnet_up.is_empty()) return;
  const Tensor projected = skip_conv(skip_norm(x));
  flow.image = flow.image.defined() ? flow.image + projected : projected;
  const Block twice = [this](const std::vector<Tensor>& inputs) { return resnet_up(inputs[0], inputs[1]); };
  x = run_block(runner, twice, {x, time.activated});
}

}  // namespace ctforge::nets
