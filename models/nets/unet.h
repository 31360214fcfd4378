// The denoising U-Net, parameter-compatible with diffusers' UNet2DModel (names, shapes and config.json keys).
#pragma once

#include "models/nets/blocks.h"
#include "models/nets/embeddings.h"
#include "models/nets/levels.h"
#include "models/nets/unet_config.h"

#include <cstdint>
#include <utility>

#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/embedding.h>

namespace ctforge::nets {

class UNetImpl : public torch::nn::Module {
 public:
  // Initialised as PyTorch initialises its layers. Throws std::invalid_argument as validate() does.
  explicit UNetImpl(UNetConfig config);

  // x [N,in_channels,H,W], H and W multiples of 2^(levels-1); c_noise [N] float, the noise level as the embedding takes
  // it: any number (Positional), a positive one (Fourier), a whole one in [0,num_train_timesteps) (Learned); labels
  // where the network is conditional, undefined where it is not: [N] int64 in [0,num_class_embeds) (Table), [N] as
  // c_noise (Timestep), [N,time_channels()] (Identity). Returns [N,out_channels,H,W], divided by c_noise with a Fourier
  // embedding. Throws std::invalid_argument for labels given or missing against the configuration or of another shape,
  // for sizes that the levels do not divide, and for noise levels that the embedding does not take.
  // added [N,time_channels()], where defined, is added to the time embedding: what else training tells the network.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& c_noise, const torch::Tensor& labels = {},
                        const torch::Tensor& added = {});

  // How the levels' blocks are evaluated from now on.
  void set_block_runner(BlockRunner runner) { runner_ = std::move(runner); }
  const UNetConfig& config() const { return config_; }

 private:
  void make_embeddings();
  void check_input(const torch::Tensor& x, const torch::Tensor& labels) const;
  torch::Tensor project(const torch::Tensor& c_noise);
  torch::Tensor embed(const torch::Tensor& c_noise, const torch::Tensor& labels);

  UNetConfig config_;
  BlockRunner runner_;
  std::int64_t smallest_side_ = 1;
  bool needs_image_ = false;
  torch::nn::Conv2d conv_in{nullptr}, conv_out{nullptr};
  FourierProjection fourier_{nullptr};  // either is called time_proj
  LearnedProjection learned_{nullptr};
  TimestepEmbedding time_embedding{nullptr};
  torch::nn::Embedding class_table_{nullptr};  // either is called class_embedding
  TimestepEmbedding class_embedding_{nullptr};
  torch::nn::ModuleList down_blocks, up_blocks;
  MidBlock mid_block{nullptr};
  GroupNorm conv_norm_out{nullptr};
};
TORCH_MODULE(UNet);

}  // namespace ctforge::nets
