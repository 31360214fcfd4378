// Halving and doubling of the resolution, with the parameter names of diffusers' Downsample2D and Upsample2D.
#pragma once

#include "models/nets/step.h"

#include <cstdint>

#include <torch/nn/modules/conv.h>

namespace ctforge::nets {

// What lies beyond the border for the binomial filter.
enum class Border { Zero, Reflected };

// Filtered with the outer product of (1,3,3,1)/8 with itself, every other pixel kept. x [N,C,H,W], H and W even
// -> [N,C,H/2,W/2].
torch::Tensor binomial_half(const torch::Tensor& x, Border border);
// Zeros between the pixels, then filtered with four times the same filter. x [N,C,H,W] (H and W at least 2 with a
// reflected border) -> [N,C,2H,2W].
torch::Tensor binomial_double(const torch::Tensor& x, Border border);

// The ways without parameters that the inside of a residual block is resampled.
enum class Resample {
  None,
  Average,       // mean of 2x2 pixels
  Nearest,       // each pixel 2x2 times
  BinomialHalf,  // zero border
  BinomialDouble,
};
torch::Tensor resampled(const torch::Tensor& x, Resample resample);

// 3x3 convolution of stride 2. Padding 1 pads all sides; 0 pads the right and the lower side only.
class DownsampleImpl : public StepImpl {
 public:
  DownsampleImpl(std::int64_t channels, std::int64_t padding);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& time = {}) override;  // [N,C,H,W] -> [N,C,H/2,W/2]

 private:
  std::int64_t padding_;
  torch::nn::Conv2d conv{nullptr};
};
TORCH_MODULE(Downsample);

// Nearest-neighbour enlargement by 2, then a 3x3 convolution.
class UpsampleImpl : public StepImpl {
 public:
  explicit UpsampleImpl(std::int64_t channels);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& time = {}) override;  // [N,C,H,W] -> [N,C,2H,2W]

 private:
  torch::nn::Conv2d conv{nullptr};
};
TORCH_MODULE(Upsample);

}  // namespace ctforge::nets
