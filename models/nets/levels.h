// One resolution level of the U-Net or the autoencoder, with the parameter names of diffusers' DownBlock2D,
// AttnDownBlock2D, UpBlock2D, AttnUpBlock2D, DownEncoderBlock2D and UpDecoderBlock2D.
#pragma once

#include "models/nets/blocks.h"

#include <cstdint>
#include <vector>

#include <torch/nn/modules/container/modulelist.h>

namespace ctforge::nets {

// Residual blocks, attention after each where wanted, then half the resolution where wanted.
class DownLevelImpl : public torch::nn::Module {
 public:
  struct Shape {
    std::int64_t in_channels = 0, out_channels = 0, layers = 0;
    std::int64_t head_dim = 0;  // 0: no attention
    bool downsample = false;
    std::int64_t downsample_padding = 1;
  };
  DownLevelImpl(const Shape& shape, const BlockOptions& options);
  // x [N,in,H,W] -> [N,out,H',W']; every intermediate that the way up will want is appended to skips where given.
  torch::Tensor forward(torch::Tensor x, const torch::Tensor& activated_time = {},
                        std::vector<torch::Tensor>* skips = nullptr, const BlockRunner& runner = {});

 private:
  torch::nn::ModuleList resnets, attentions, downsamplers;
};
TORCH_MODULE(DownLevel);

// Residual blocks, attention after each where wanted, then twice the resolution where wanted.
class UpLevelImpl : public torch::nn::Module {
 public:
  struct Shape {
    std::vector<std::int64_t> in_channels;  // of each residual block, those of the skip connection included
    std::int64_t out_channels = 0;
    std::int64_t head_dim = 0;  // 0: no attention
    bool upsample = false;
  };
  UpLevelImpl(const Shape& shape, const BlockOptions& options);
  // x [N,C,H,W] -> [N,out,H',W']; where skips are given, each residual block takes the last of them beside its input.
  torch::Tensor forward(torch::Tensor x, const torch::Tensor& activated_time = {},
                        std::vector<torch::Tensor>* skips = nullptr, const BlockRunner& runner = {});

 private:
  torch::nn::ModuleList resnets, attentions, upsamplers;
};
TORCH_MODULE(UpLevel);

}  // namespace ctforge::nets
