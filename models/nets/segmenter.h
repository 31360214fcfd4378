// A compact 2D U-Net for segmentation in the manner of nnU-Net's plain convolutional network (Isensee et al. 2021):
// two 3x3 convolutions a stage, instance normalisation, leaky ReLU, strided convolutions down, transposed ones up.
#pragma once

#include "models/nets/blocks.h"

#include <cstdint>
#include <vector>

#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>

namespace ctforge::nets {

struct SegmenterConfig {
  std::int64_t in_channels = 1;
  std::int64_t classes = 2;                                 // background and organs
  std::vector<std::int64_t> channels = {32, 64, 128, 256};  // of each stage; each but the first halves the resolution
};

// Throws std::invalid_argument naming the field when no network can be made of the configuration.
void validate(const SegmenterConfig& config);

// Two times: 3x3 convolution (the first with the stride), instance normalisation, leaky ReLU.
class ConvStageImpl : public torch::nn::Module {
 public:
  ConvStageImpl(std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride);
  torch::Tensor forward(const torch::Tensor& x);  // [N,in,H,W] -> [N,out,H/stride,W/stride]

 private:
  torch::nn::Conv2d conv1{nullptr}, conv2{nullptr};
  GroupNorm norm1{nullptr}, norm2{nullptr};
};
TORCH_MODULE(ConvStage);

class SegmenterImpl : public torch::nn::Module {
 public:
  // He-initialised (He et al. 2015, eq. 15, for the leaky slope). Throws std::invalid_argument as validate() does.
  explicit SegmenterImpl(SegmenterConfig config);

  // x [N,in_channels,H,W], H and W multiples of 2^(stages-1) -> logits [N,classes,H,W].
  // Throws std::invalid_argument for other shapes.
  torch::Tensor forward(const torch::Tensor& x);

  const SegmenterConfig& config() const { return config_; }

 private:
  SegmenterConfig config_;
  torch::nn::ModuleList encoder, enlarge, decoder;
  torch::nn::Conv2d head{nullptr};
};
TORCH_MODULE(Segmenter);

}  // namespace ctforge::nets
