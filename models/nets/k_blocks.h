// The blocks of the networks that k-diffusion's authors train, with the parameter names of diffusers' AdaGroupNorm,
// ResnetBlockCondNorm2D and KAttentionBlock: time enters through every normalisation, as scale and offset (adaptive
// group normalisation, Dhariwal and Nichol 2021, section 3.1), and is not activated first.
#pragma once

#include "models/nets/blocks.h"

#include <cstdint>

namespace ctforge::nets {

// The normalisation has no parameters of its own; scale and offset are linear in the time embedding.
class AdaptiveGroupNormImpl : public StepImpl {
 public:
  // Throws std::invalid_argument where groups do not divide channels.
  AdaptiveGroupNormImpl(std::int64_t groups, std::int64_t channels, std::int64_t time_channels, double eps);
  // x [N,C,H,W], time [N,time_channels] -> as x.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& time = {}) override;

 private:
  std::int64_t groups_;
  double eps_;
  torch::nn::Linear linear{nullptr};
};
TORCH_MODULE(AdaptiveGroupNorm);

// norm, activation, 3x3 convolution, norm, activation, dropout, 3x3 convolution, + input.
class KResnetBlockImpl : public StepImpl {
 public:
  KResnetBlockImpl(const ResnetShape& shape, const BlockOptions& options);
  // x [N,in,H,W], time [N,time_channels] the time embedding -> [N,out,H,W].
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& time = {}) override;

 private:
  BlockOptions options_;
  AdaptiveGroupNorm norm1{nullptr}, norm2{nullptr};
  torch::nn::Conv2d conv1{nullptr}, conv2{nullptr}, conv_shortcut{nullptr};
};
TORCH_MODULE(KResnetBlock);

// Normalised self-attention added to its input, once or twice. Where there is a text, the last attends to that; without
// one, as here, to the picture too. What would normalise the text is kept for its names only.
class KAttentionImpl : public StepImpl {
 public:
  KAttentionImpl(const AttentionShape& shape, const BlockOptions& options);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& time = {}) override;  // [N,C,H,W] -> the same

 private:
  AdaptiveGroupNorm norm1{nullptr}, norm2{nullptr};
  Attention attn1{nullptr}, attn2{nullptr};
};
TORCH_MODULE(KAttention);

}  // namespace ctforge::nets
