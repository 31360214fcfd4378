// The parts that the U-Net and the autoencoder are made of, with the parameter names of diffusers'
// ResnetBlock2D, Attention, Downsample2D, Upsample2D, TimestepEmbedding and UNetMidBlock2D.
#pragma once

#include "models/nets/group_norm_silu.h"

#include <cstdint>
#include <functional>
#include <vector>

#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

namespace ctforge::nets {

// What all residual and attention blocks of one network have in common.
struct BlockOptions {
  std::int64_t time_channels = 0;  // length of the time embedding; 0: none
  std::int64_t norm_num_groups = 32;
  double norm_eps = 1e-5;
  double dropout = 0;
};

// A part of a network as a function of all that it takes, and how it is evaluated: training may compute it again on the
// way back instead of keeping what it computed. An empty runner evaluates it plainly.
using Block = std::function<torch::Tensor(const std::vector<torch::Tensor>& inputs)>;
using BlockRunner = std::function<torch::Tensor(const Block& block, const std::vector<torch::Tensor>& inputs)>;

torch::Tensor run_block(const BlockRunner& runner, const Block& block, std::vector<torch::Tensor> inputs);

// Dropout (Srivastava et al. 2014) whose probability is rounded to 1/256 and whose mask takes one random byte an
// element: torch's draws 64 bits each, one after the other, a twelfth of a training step on two cores. x [...] dense,
// of any memory format; the kept elements are divided by the (rounded) probability of being kept.
torch::Tensor byte_dropout(const torch::Tensor& x, double probability);

// Parameters weight and bias as in torch::nn::GroupNorm, the activation fused.
class GroupNormImpl : public torch::nn::Module {
 public:
  GroupNormImpl(std::int64_t groups, std::int64_t channels, double eps, Activation activation);
  // x [N,C,H,W] -> the same; shift [N,C] is added to x first where defined.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& shift = {});

 private:
  std::int64_t groups_;
  double eps_;
  Activation activation_;
  torch::Tensor weight, bias;
};
TORCH_MODULE(GroupNorm);

// Sines and cosines of c_noise at geometrically spaced frequencies (Vaswani et al. 2017, section 3.5).
// c_noise [N] -> [N,channels] float32.
torch::Tensor sinusoidal_embedding(const torch::Tensor& c_noise, std::int64_t channels, bool flip_sin_to_cos,
                                   double freq_shift);

class TimestepEmbeddingImpl : public torch::nn::Module {
 public:
  TimestepEmbeddingImpl(std::int64_t in_channels, std::int64_t out_channels);
  torch::Tensor forward(const torch::Tensor& x);  // [N,in] -> [N,out]

 private:
  torch::nn::Linear linear_1{nullptr}, linear_2{nullptr};
};
TORCH_MODULE(TimestepEmbedding);

// norm, SiLU, 3x3 convolution, + projected time embedding, norm, SiLU, dropout, 3x3 convolution, + input.
class ResnetBlockImpl : public torch::nn::Module {
 public:
  ResnetBlockImpl(std::int64_t in_channels, std::int64_t out_channels, const BlockOptions& options);
  // x [N,in,H,W]; activated_time [N,time_channels] is SiLU of the time embedding (undefined without one), taken once
  // for the whole network. Returns [N,out,H,W].
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& activated_time = {});

 private:
  GroupNorm norm1{nullptr}, norm2{nullptr};
  torch::nn::Conv2d conv1{nullptr}, conv2{nullptr}, conv_shortcut{nullptr};
  torch::nn::Linear time_emb_proj{nullptr};
  double dropout_;
};
TORCH_MODULE(ResnetBlock);

// Self-attention over pixels with channels / head_dim heads (Vaswani et al. 2017, eq. 1), added to its input.
class AttentionImpl : public torch::nn::Module {
 public:
  // Throws std::invalid_argument when channels < head_dim.
  AttentionImpl(std::int64_t channels, std::int64_t head_dim, const BlockOptions& options);
  torch::Tensor forward(const torch::Tensor& x);  // [N,C,H,W] -> the same

 private:
  std::int64_t heads_, head_dim_;
  GroupNorm group_norm{nullptr};
  torch::nn::Linear to_q{nullptr}, to_k{nullptr}, to_v{nullptr};
  torch::nn::ModuleList to_out;
};
TORCH_MODULE(Attention);

// 3x3 convolution of stride 2. Padding 1 pads all sides; 0 pads the right and the lower side only.
class DownsampleImpl : public torch::nn::Module {
 public:
  DownsampleImpl(std::int64_t channels, std::int64_t padding);
  torch::Tensor forward(const torch::Tensor& x);  // [N,C,H,W] -> [N,C,H/2,W/2]

 private:
  std::int64_t padding_;
  torch::nn::Conv2d conv{nullptr};
};
TORCH_MODULE(Downsample);

// Nearest-neighbour enlargement by 2, then a 3x3 convolution.
class UpsampleImpl : public torch::nn::Module {
 public:
  explicit UpsampleImpl(std::int64_t channels);
  torch::Tensor forward(const torch::Tensor& x);  // [N,C,H,W] -> [N,C,2H,2W]

 private:
  torch::nn::Conv2d conv{nullptr};
};
TORCH_MODULE(Upsample);

// Residual block, attention where wanted, residual block: the coarsest level of either network.
class MidBlockImpl : public torch::nn::Module {
 public:
  // head_dim 0: no attention.
  MidBlockImpl(std::int64_t channels, std::int64_t head_dim, const BlockOptions& options);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& activated_time = {});

 private:
  torch::nn::ModuleList resnets, attentions;
};
TORCH_MODULE(MidBlock);

}  // namespace ctforge::nets
