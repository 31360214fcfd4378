// The variational autoencoder, parameter-compatible with diffusers' AutoencoderKL (names, shapes, config.json keys).
// It encodes whatever channels it is given: this project gives it CT and one-hot mask, and takes CT and mask logits.
#pragma once

#include "models/nets/blocks.h"
#include "models/nets/image_size.h"

#include <cstdint>
#include <vector>

#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>

namespace ctforge::nets {

// Names and meaning of the fields are those of AutoencoderKL's config.json. What stands below the networks' own options
// is for whoever diffuses latents: encode() and decode() do not use it.
struct AutoencoderConfig {
  std::int64_t in_channels = 3;   // 1 + number of labels where CT and mask are encoded together
  std::int64_t out_channels = 3;  // the same
  std::vector<std::int64_t> block_out_channels = {32, 64, 128};  // each level but the last halves the resolution
  // Whether a level is "AttnDownEncoderBlock2D", "AttnUpDecoderBlock2D": attention of one head after each residual
  // block. In the order of evaluation; empty: none.
  std::vector<bool> down_attention, up_attention;
  std::int64_t layers_per_block = 1;
  Activation act_fn = Activation::Silu;  // inside the blocks; before the last convolutions it is always SiLU
  std::int64_t latent_channels = 4;
  std::int64_t norm_num_groups = 32;
  bool mid_block_add_attention = true;
  bool use_quant_conv = true;
  bool use_post_quant_conv = true;

  ImageSize sample_size = 64;
  double scaling_factor = 1;  // latents are (z - shift_factor) * scaling_factor when diffused
  double shift_factor = 0;
  std::vector<double> latents_mean, latents_std;  // where a pipeline standardises each channel; empty: null
};

// Throws std::invalid_argument naming the field when no network can be made of the configuration.
void validate(const AutoencoderConfig& config);

// The normal distribution of a latent, each [N,latent_channels,h,w].
struct Moments {
  torch::Tensor mean;
  torch::Tensor logvar;  // clamped to [-30, 20]

  // mean + exp(logvar / 2) * noise, noise of the same shape.
  torch::Tensor sample(const torch::Tensor& noise) const;
  // [N] Kullback-Leibler divergence from the standard normal distribution, summed over elements, in nats
  // (Kingma and Welling 2014, appendix B).
  torch::Tensor kl() const;
};

class EncoderImpl : public torch::nn::Module {
 public:
  explicit EncoderImpl(const AutoencoderConfig& config);
  torch::Tensor forward(const torch::Tensor& x);  // [N,in_channels,H,W] -> [N,2*latent_channels,h,w]

 private:
  torch::nn::Conv2d conv_in{nullptr}, conv_out{nullptr};
  torch::nn::ModuleList down_blocks;
  MidBlock mid_block{nullptr};
  GroupNorm conv_norm_out{nullptr};
};
TORCH_MODULE(Encoder);

class DecoderImpl : public torch::nn::Module {
 public:
  explicit DecoderImpl(const AutoencoderConfig& config);
  // [N,latent_channels,h,w] -> [N,out_channels,H,W], of the weights' type under automatic casting too.
  torch::Tensor forward(const torch::Tensor& z);

 private:
  torch::nn::Conv2d conv_in{nullptr}, conv_out{nullptr};
  torch::nn::ModuleList up_blocks;
  MidBlock mid_block{nullptr};
  GroupNorm conv_norm_out{nullptr};
};
TORCH_MODULE(Decoder);

class AutoencoderImpl : public torch::nn::Module {
 public:
  // Initialised as PyTorch initialises its layers. Throws std::invalid_argument as validate() does.
  explicit AutoencoderImpl(AutoencoderConfig config);

  // x [N,in_channels,H,W], H and W multiples of factor(). Throws std::invalid_argument for other shapes.
  Moments encode(const torch::Tensor& x);
  // z [N,latent_channels,h,w] -> [N,out_channels,h*factor(),w*factor()].
  torch::Tensor decode(const torch::Tensor& z);

  // How many input pixels a latent pixel spans along one axis: 2^(levels-1).
  std::int64_t factor() const;
  const AutoencoderConfig& config() const { return config_; }
  // Of each latent channel, measured on the training set; they stand in the configuration for whoever diffuses latents.
  // Throws std::invalid_argument unless there is a mean and a positive deviation for each.
  void set_latent_statistics(std::vector<double> mean, std::vector<double> deviation);

 private:
  AutoencoderConfig config_;
  Encoder encoder{nullptr};
  Decoder decoder{nullptr};
  torch::nn::Conv2d quant_conv{nullptr}, post_quant_conv{nullptr};
};
TORCH_MODULE(Autoencoder);

}  // namespace ctforge::nets
