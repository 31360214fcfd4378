// The denoising U-Net, parameter-compatible with diffusers' UNet2DModel (names, shapes and config.json keys).
#pragma once

#include "models/nets/blocks.h"

#include <cstdint>
#include <utility>
#include <vector>

#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/embedding.h>

namespace ctforge::nets {

// Names and defaults of the fields are those of UNet2DModel's config.json.
struct UNetConfig {
  std::int64_t sample_size = 16;
  std::int64_t in_channels = 4;
  std::int64_t out_channels = 4;
  std::vector<std::int64_t> block_out_channels = {64, 128, 192};
  std::vector<bool> attention = {false, true, true};  // "AttnDownBlock2D"/"AttnUpBlock2D" at this level
  std::int64_t layers_per_block = 2;
  std::int64_t attention_head_dim = 64;
  std::int64_t norm_num_groups = 32;
  double norm_eps = 1e-5;
  std::int64_t freq_shift = 0;
  bool flip_sin_to_cos = true;
  std::int64_t downsample_padding = 1;
  std::int64_t num_class_embeds = 0;  // classes and one more for "no class"; 0: unconditional
  double dropout = 0;
};

// Throws std::invalid_argument naming the field when no network can be made of the configuration: channels that the
// groups do not divide, attention on fewer channels than one head has, lists of different length, values out of range.
void validate(const UNetConfig& config);

class UNetImpl : public torch::nn::Module {
 public:
  // Initialised as PyTorch initialises its layers. Throws std::invalid_argument as validate() does.
  explicit UNetImpl(UNetConfig config);

  // x [N,in_channels,H,W], H and W multiples of 2^(levels-1); c_noise [N] float, the noise level as the embedding takes
  // it; labels [N] int64 in [0,num_class_embeds) where the network is class-conditional, undefined where it is not.
  // Returns [N,out_channels,H,W]. Throws std::invalid_argument for labels given or missing against the configuration,
  // and for sizes that the levels do not divide.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& c_noise, const torch::Tensor& labels = {});

  // How the levels' blocks are evaluated from now on.
  void set_block_runner(BlockRunner runner) { runner_ = std::move(runner); }
  const UNetConfig& config() const { return config_; }

 private:
  void check_input(const torch::Tensor& x, const torch::Tensor& labels) const;
  torch::Tensor embed(const torch::Tensor& c_noise, const torch::Tensor& labels);

  UNetConfig config_;
  BlockRunner runner_;
  torch::nn::Conv2d conv_in{nullptr}, conv_out{nullptr};
  TimestepEmbedding time_embedding{nullptr};
  torch::nn::Embedding class_embedding{nullptr};
  torch::nn::ModuleList down_blocks, up_blocks;
  MidBlock mid_block{nullptr};
  GroupNorm conv_norm_out{nullptr};
};
TORCH_MODULE(UNet);

}  // namespace ctforge::nets
