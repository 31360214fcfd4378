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

Tensor DownLevelImpl::forward(Tensor x, const Tensor& activated_time, std::vector<Tensor>* skips) {
  for (std::size_t i = 0; i < resnets->size(); ++i) {
    x = resnets[i]->as<ResnetBlockImpl>()->forward(x, activated_time);
    if (!attentions->is_empty()) x = attentions[i]->as<AttentionImpl>()->forward(x);
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

Tensor UpLevelImpl::forward(Tensor x, const Tensor& activated_time, std::vector<Tensor>* skips) {
  for (std::size_t i = 0; i < resnets->size(); ++i) {
    if (skips != nullptr) {
      x = torch::cat({x, skips->back()}, 1);
      skips->pop_back();
    }
    x = resnets[i]->as<ResnetBlockImpl>()->forward(x, activated_time);
    if (!attentions->is_empty()) x = attentions[i]->as<AttentionImpl>()->forward(x);
  }
  return upsamplers->is_empty() ? x : upsamplers[0]->as<UpsampleImpl>()->forward(x);
}

}  // namespace ctforge::nets
