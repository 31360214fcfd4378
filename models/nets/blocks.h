// The parts that the U-Net and the autoencoder are made of, with the parameter names of diffusers'
// ResnetBlock2D, Attention and UNetMidBlock2D.
#pragma once

#include "models/nets/group_norm_silu.h"
#include "models/nets/resample.h"
#include "models/nets/step.h"

#include <cstdint>
#include <vector>

#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

namespace ctforge::nets {

// Square kernel of an odd number of pixels, padded so that the size stays.
torch::nn::Conv2d same_size_convolution(std::int64_t in, std::int64_t out, std::int64_t kernel);

// How the embedded time acts on a residual block: added to the channels, or as their scale and offset (FiLM, Perez et
// al. 2018, eq. 2).
enum class TimeScaleShift { Default, ScaleShift };

// What all residual and attention blocks of one level have in common.
struct BlockOptions {
  std::int64_t time_channels = 0;  // length of the time embedding; 0: none
  TimeScaleShift time_scale_shift = TimeScaleShift::Default;
  double norm_eps = 1e-5;
  Activation activation = Activation::Silu;
  double dropout = 0;
  double output_scale = 1;  // what the sum of a block and its input is divided by
};

struct ResnetShape {
  std::int64_t in_channels = 0, out_channels = 0;
  std::int64_t groups_in = 0, groups_out = 0;  // of the normalisations before the first and the second convolution
  std::int64_t hidden_channels = 0;            // between the convolutions; 0: out_channels
  Resample resample = Resample::None;          // before the first convolution
  bool shortcut = false;                       // a 1x1 convolution of the input even where the channels stay the same

  std::int64_t hidden() const { return hidden_channels > 0 ? hidden_channels : out_channels; }
};

struct AttentionShape {
  std::int64_t channels = 0, head_dim = 0;
  std::int64_t groups = 0;  // of the normalisation before it; 0: none
  bool twice = false;       // a second attention before it (KAttention)
};

// Dropout (Srivastava et al. 2014) whose probability is rounded to 1/256 and whose mask takes one random byte an
// element: torch's draws 64 bits each, one after the other, a twelfth of a training step on two cores. x [...] dense,
// of any memory format; the kept elements are divided by the (rounded) probability of being kept. share: which items of
// a batch x has; what is dropped of them is what would be dropped were the others there. Nothing: x is the batch.
torch::Tensor byte_dropout(const torch::Tensor& x, double probability, const std::optional<BatchShare>& share = {});

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

// norm, activation, resampling, 3x3 convolution, + projected time embedding, norm, activation, dropout, 3x3
// convolution, + resampled input.
class ResnetBlockImpl : public StepImpl {
 public:
  ResnetBlockImpl(const ResnetShape& shape, const BlockOptions& options);
  // x [N,in,H,W]; time [N,time_channels] is the activated time embedding (undefined without one), taken once for the
  // whole network. Returns [N,out,H',W'].
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& time = {}) override;

 private:
  // What the second convolution takes, dropout apart. hidden [N,hidden,H',W'].
  torch::Tensor conditioned(const torch::Tensor& hidden, const torch::Tensor& time);

  BlockOptions options_;
  Resample resample_;
  GroupNorm norm1{nullptr}, norm2{nullptr};
  torch::nn::Conv2d conv1{nullptr}, conv2{nullptr}, conv_shortcut{nullptr};
  torch::nn::Linear time_emb_proj{nullptr};
};
TORCH_MODULE(ResnetBlock);

// Self-attention over pixels with channels / head_dim heads (Vaswani et al. 2017, eq. 1), added to its input.
class AttentionImpl : public StepImpl {
 public:
  // Throws std::invalid_argument when channels < head_dim.
  AttentionImpl(const AttentionShape& shape, const BlockOptions& options);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& time = {}) override;  // [N,C,H,W] -> the same
  // The attention alone: neither normalised before nor added to its input. [N,C,H,W] -> the same.
  torch::Tensor mix(const torch::Tensor& x);

 private:
  std::int64_t heads_, head_dim_;
  double output_scale_;
  GroupNorm group_norm{nullptr};
  torch::nn::Linear to_q{nullptr}, to_k{nullptr}, to_v{nullptr};
  torch::nn::ModuleList to_out;
};
TORCH_MODULE(Attention);

// The coarsest level of either network.
struct MidShape {
  ResnetShape resnet;                      // of each of the two
  std::vector<AttentionShape> attentions;  // between them: one or none
};

// Residual block, attention where wanted, residual block.
class MidBlockImpl : public StepImpl {
 public:
  MidBlockImpl(const MidShape& shape, const BlockOptions& options);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& time = {}) override;  // [N,C,H,W] -> the same

 private:
  torch::nn::ModuleList resnets, attentions;
};
TORCH_MODULE(MidBlock);

}  // namespace ctforge::nets
