// One resolution level of the U-Net or the autoencoder.
#include "models/nets/levels.h"

namespace ctforge::nets {

using torch::Tensor;

Tensor taken_skip(Flow& flow) {
  Tensor last = flow.skips.back();
  flow.skips.pop_back();
  return last;
}

Tensor LevelImpl::run_step(std::size_t i, const std::vector<Tensor>& inputs, const BlockRunner& runner) {
  // The skip connection is joined inside the block, so that the joined tensor need not be kept.
  const Block block = [this, i](const std::vector<Tensor>& given) {
    const Tensor joined = given.size() > 2 ? torch::cat({given[0], given[2]}, 1) : given[0];
    const Tensor hidden = resnets[i]->as<StepImpl>()->forward(joined, given[1]);
    const std::size_t plain = resnets->size() - attentions->size();
    return i < plain ? hidden : attentions[i - plain]->as<StepImpl>()->forward(hidden, given[1]);
  };
  return run_block(runner, block, inputs);
}

DownLevelImpl::DownLevelImpl(const LevelShape& shape, const BlockOptions& options)
    : resampling_(shape.resampling), skips_(shape.skips) {
  make_steps<ResnetBlock, Attention>(shape, options);
  if (resampling_ == Resampling::None) return;
  register_module("downsamplers", downsamplers);
  if (resampling_ == Resampling::Resnet)
    downsamplers->push_back(ResnetBlock(shape.resampler, options));
  else
    downsamplers->push_back(Downsample(shape.resampler.in_channels, shape.downsample_padding));
}

void DownLevelImpl::forward(Flow& flow, const TimeVectors& time, const BlockRunner& runner) {
  Tensor& x = flow.hidden;
  for (std::size_t i = 0; i < resnets->size(); ++i) {
    x = run_step(i, {x, time.activated}, runner);
    if (skips_) flow.skips.push_back(x);
  }
  if (resampling_ == Resampling::None) return;
  const Block half = [this](const std::vector<Tensor>& inputs) {
    return downsamplers[0]->as<StepImpl>()->forward(inputs[0], inputs[1]);
  };
  // A convolution keeps nothing but its input, which is kept anyway.
  x = resampling_ == Resampling::Resnet ? run_block(runner, half, {x, time.activated}) : half({x, time.activated});
  if (skips_) flow.skips.push_back(x);
}

UpLevelImpl::UpLevelImpl(const LevelShape& shape, const BlockOptions& options)
    : resampling_(shape.resampling), skips_(shape.skips) {
  make_steps<ResnetBlock, Attention>(shape, options);
  if (resampling_ == Resampling::None) return;
  register_module("upsamplers", upsamplers);
  if (resampling_ == Resampling::Resnet)
    upsamplers->push_back(ResnetBlock(shape.resampler, options));
  else
    upsamplers->push_back(Upsample(shape.resampler.in_channels));
}

void UpLevelImpl::forward(Flow& flow, const TimeVectors& time, const BlockRunner& runner) {
  Tensor& x = flow.hidden;
  for (std::size_t i = 0; i < resnets->size(); ++i) {
    std::vector<Tensor> inputs = {x, time.activated};
    if (skips_) inputs.push_back(taken_skip(flow));
    x = run_step(i, inputs, runner);
  }
  if (resampling_ == Resampling::None) return;
  const Block enlarge = [this](const std::vector<Tensor>& inputs) {
    return upsamplers[0]->as<StepImpl>()->forward(inputs[0], inputs.size() > 1 ? inputs[1] : Tensor());
  };
  x = run_block(runner, enlarge,
                resampling_ == Resampling::Resnet ? std::vector<Tensor>{x, time.activated} : std::vector<Tensor>{x});
}

}  // namespace ctforge::nets
