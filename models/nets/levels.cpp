// One resolution level of the U-Net or the autoencoder.
#include "models/nets/levels.h"

namespace ctforge::nets {

using torch::Tensor;

DownLevelImpl::DownLevelImpl(const Shape& shape, const BlockOptions& options) {
  if (shape.head_dim > 0) register_module("attentions", attentions);
  register_module("resnets", resnets);
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    resnets->push_back(ResnetBlock(i == 0 ? shape.in_channels : shape.out_channels, shape.out_channels, options));
    if (shape.head_dim > 0) attentions->push_back(Attention(shape.out_channels, shape.head_dim, options));
  }
  if (shape.downsample) {
    register_module("downsamplers", downsamplers);
    downsamplers->push_back(Downsample(shape.out_channels, shape.downsample_padding));
  }
}

Tensor DownLevelImpl::forward(Tensor x, const Tensor& activated_time, std::vector<Tensor>* skips,
                              const BlockRunner& runner) {
  for (std::size_t i = 0; i < resnets->size(); ++i) {
    const Block block = [this, i](const std::vector<Tensor>& inputs) {
      const Tensor hidden = resnets[i]->as<ResnetBlockImpl>()->forward(inputs[0], inputs[1]);
      return attentions->is_empty() ? hidden : attentions[i]->as<AttentionImpl>()->forward(hidden);
    };
    x = run_block(runner, block, {x, activated_time});
    if (skips != nullptr) skips->push_back(x);
  }
  if (!downsamplers->is_empty()) {
    x = downsamplers[0]->as<DownsampleImpl>()->forward(x);
    if (skips != nullptr) skips->push_back(x);
  }
  return x;
}

UpLevelImpl::UpLevelImpl(const Shape& shape, const BlockOptions& options) {
  if (shape.head_dim > 0) register_module("attentions", attentions);
  register_module("resnets", resnets);
  for (const std::int64_t in_channels : shape.in_channels) {
    resnets->push_back(ResnetBlock(in_channels, shape.out_channels, options));
    if (shape.head_dim > 0) attentions->push_back(Attention(shape.out_channels, shape.head_dim, options));
  }
  if (shape.upsample) {
    register_module("upsamplers", upsamplers);
    upsamplers->push_back(Upsample(shape.out_channels));
  }
}

Tensor UpLevelImpl::forward(Tensor x, const Tensor& activated_time, std::vector<Tensor>* skips,
                            const BlockRunner& runner) {
  for (std::size_t i = 0; i < resnets->size(); ++i) {
    // The skip connection is joined inside the block, so that the joined tensor need not be kept.
    const Block block = [this, i](const std::vector<Tensor>& inputs) {
      const Tensor joined = inputs.size() > 2 ? torch::cat({inputs[0], inputs[2]}, 1) : inputs[0];
      const Tensor hidden = resnets[i]->as<ResnetBlockImpl>()->forward(joined, inputs[1]);
      return attentions->is_empty() ? hidden : attentions[i]->as<AttentionImpl>()->forward(hidden);
    };
    std::vector<Tensor> inputs = {x, activated_time};
    if (skips != nullptr) {
      inputs.push_back(skips->back());
      skips->pop_back();
    }
    x = run_block(runner, block, inputs);
  }
  if (upsamplers->is_empty()) return x;
  const Block enlarge = [this](const std::vector<Tensor>& inputs) {
    return upsamplers[0]->as<UpsampleImpl>()->forward(inputs[0]);
  };
  return run_block(runner, enlarge, {x});
}

}  // namespace ctforge::nets
