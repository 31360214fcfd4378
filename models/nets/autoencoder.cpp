// The variational autoencoder.
#include "models/nets/autoencoder.h"

#include "models/nets/levels.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace ctforge::nets {

using torch::Tensor;

namespace {

constexpr double kNormEps = 1e-6;  // fixed in AutoencoderKL

void require(bool holds, const std::string& field, const std::string& what) {
  if (!holds) throw std::invalid_argument("AutoencoderConfig." + field + ": " + what);
}

const AutoencoderConfig& validated(const AutoencoderConfig& config) {
  validate(config);
  return config;
}

torch::nn::Conv2d convolution(std::int64_t in, std::int64_t out, std::int64_t kernel) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).padding(kernel / 2));
}

BlockOptions block_options(const AutoencoderConfig& config) {
  return {.time_channels = 0, .norm_num_groups = config.norm_num_groups, .norm_eps = kNormEps, .dropout = 0};
}

// One head of all channels.
MidBlock middle(const AutoencoderConfig& config) {
  const std::int64_t channels = config.block_out_channels.back();
  return MidBlock(channels, config.mid_block_add_attention ? channels : 0, block_options(config));
}

}  // namespace

void validate(const AutoencoderConfig& c) {
  require(c.in_channels > 0, "in_channels", "must be positive");
  require(c.out_channels > 0, "out_channels", "must be positive");
  require(c.latent_channels > 0, "latent_channels", "must be positive");
  require(c.layers_per_block > 0, "layers_per_block", "must be positive");
  require(c.norm_num_groups > 0, "norm_num_groups", "must be positive");
  require(c.sample_size > 0, "sample_size", "must be positive");
  require(c.scaling_factor > 0, "scaling_factor", "must be positive");
  require(!c.block_out_channels.empty(), "block_out_channels", "must name at least one level");
  for (const std::int64_t channels : c.block_out_channels)
    require(channels > 0 && channels % c.norm_num_groups == 0, "block_out_channels",
            std::to_string(channels) + " channels are not a multiple of the " + std::to_string(c.norm_num_groups) +
                " groups");
}

Tensor Moments::sample(const Tensor& noise) const { return mean + torch::exp(0.5 * logvar) * noise; }

Tensor Moments::kl() const { return 0.5 * (mean.square() + torch::exp(logvar) - 1.0 - logvar).flatten(1).sum(1); }

EncoderImpl::EncoderImpl(const AutoencoderConfig& config) {
  const auto& channels = config.block_out_channels;
  conv_in = register_module("conv_in", convolution(config.in_channels, channels[0], 3));
  register_module("down_blocks", down_blocks);
  for (std::size_t i = 0; i < channels.size(); ++i)
    down_blocks->push_back(DownLevel(DownLevelImpl::Shape{.in_channels = channels[i == 0 ? 0 : i - 1],
                                                          .out_channels = channels[i],
                                                          .layers = config.layers_per_block,
                                                          .head_dim = 0,
                                                          .downsample = i + 1 < channels.size(),
                                                          .downsample_padding = 0},
                                     block_options(config)));
  mid_block = register_module("mid_block", middle(config));
  conv_norm_out =
      register_module("conv_norm_out", GroupNorm(config.norm_num_groups, channels.back(), kNormEps, Activation::Silu));
  conv_out = register_module("conv_out", convolution(channels.back(), 2 * config.latent_channels, 3));
}

Tensor EncoderImpl::forward(const Tensor& x) {
  Tensor hidden = conv_in(x);
  for (const auto& level : *down_blocks) hidden = level->as<DownLevelImpl>()->forward(hidden);
  return conv_out(conv_norm_out(mid_block(hidden)));
}

DecoderImpl::DecoderImpl(const AutoencoderConfig& config) {
  const auto& channels = config.block_out_channels;
  const std::size_t levels = channels.size();
  conv_in = register_module("conv_in", convolution(config.latent_channels, channels.back(), 3));
  mid_block = register_module("mid_block", middle(config));
  register_module("up_blocks", up_blocks);
  for (std::size_t up = 0; up < levels; ++up) {
    const std::size_t i = levels - 1 - up;
    std::vector<std::int64_t> in_channels(static_cast<std::size_t>(config.layers_per_block) + 1, channels[i]);
    in_channels[0] = channels[std::min(i + 1, levels - 1)];
    up_blocks->push_back(UpLevel(
        UpLevelImpl::Shape{.in_channels = in_channels, .out_channels = channels[i], .head_dim = 0, .upsample = i > 0},
        block_options(config)));
  }
  conv_norm_out =
      register_module("conv_norm_out", GroupNorm(config.norm_num_groups, channels[0], kNormEps, Activation::Silu));
  conv_out = register_module("conv_out", convolution(channels[0], config.out_channels, 3));
}

Tensor DecoderImpl::forward(const Tensor& z) {
  Tensor hidden = mid_block(conv_in(z));
  for (const auto& level : *up_blocks) hidden = level->as<UpLevelImpl>()->forward(hidden);
  return conv_out(conv_norm_out(hidden));
}

AutoencoderImpl::AutoencoderImpl(AutoencoderConfig config) : config_(validated(config)) {
  encoder = register_module("encoder", Encoder(config_));
  decoder = register_module("decoder", Decoder(config_));
  if (config_.use_quant_conv)
    quant_conv =
        register_module("quant_conv", convolution(2 * config_.latent_channels, 2 * config_.latent_channels, 1));
  if (config_.use_post_quant_conv)
    post_quant_conv =
        register_module("post_quant_conv", convolution(config_.latent_channels, config_.latent_channels, 1));
}

Moments AutoencoderImpl::encode(const Tensor& x) {
  if (x.dim() != 4 || x.size(1) != config_.in_channels || x.size(2) % factor() != 0 || x.size(3) % factor() != 0)
    throw std::invalid_argument("Autoencoder: x must be [N," + std::to_string(config_.in_channels) +
                                ",H,W] with H and W multiples of " + std::to_string(factor()));
  const Tensor encoded = encoder(x);
  const auto parts = (quant_conv.is_empty() ? encoded : quant_conv(encoded)).chunk(2, 1);
  return {parts[0], parts[1].clamp(-30.0, 20.0)};
}

Tensor AutoencoderImpl::decode(const Tensor& z) {
  if (z.dim() != 4 || z.size(1) != config_.latent_channels)
    throw std::invalid_argument("Autoencoder: z must be [N," + std::to_string(config_.latent_channels) + ",h,w]");
  return decoder(post_quant_conv.is_empty() ? z : post_quant_conv(z));
}

std::int64_t AutoencoderImpl::factor() const { return std::int64_t{1} << (config_.block_out_channels.size() - 1); }

void AutoencoderImpl::set_latent_scale(double scaling_factor, double shift_factor) {
  require(scaling_factor > 0, "scaling_factor", "must be positive");
  config_.scaling_factor = scaling_factor;
  config_.shift_factor = shift_factor;
}

}  // namespace ctforge::nets
