// The variational autoencoder.
#include "models/nets/autoencoder.h"

#include "models/nets/levels.h"

#include <algorithm>
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

BlockOptions block_options(const AutoencoderConfig& config) {
  return {.norm_eps = kNormEps, .activation = config.act_fn};
}

// One head of all channels.
AttentionShape attention(std::int64_t channels, const AutoencoderConfig& config) {
  return {.channels = channels, .head_dim = channels, .groups = config.norm_num_groups};
}

ResnetShape resnet(std::int64_t in, std::int64_t out, const AutoencoderConfig& config) {
  return {.in_channels = in,
          .out_channels = out,
          .groups_in = config.norm_num_groups,
          .groups_out = config.norm_num_groups};
}

LevelShape level(std::int64_t in, std::int64_t out, std::int64_t layers, bool attends, bool resamples,
                 const AutoencoderConfig& config) {
  LevelShape shape;
  for (std::int64_t j = 0; j < layers; ++j) shape.resnets.push_back(resnet(j == 0 ? in : out, out, config));
  if (attends) shape.attentions.assign(shape.resnets.size(), attention(out, config));
  shape.resampling = resamples ? Resampling::Convolution : Resampling::None;
  shape.resampler.in_channels = out;
  shape.downsample_padding = 0;
  shape.skips = false;
  return shape;
}

MidBlock middle(const AutoencoderConfig& config) {
  const std::int64_t channels = config.block_out_channels.back();
  MidShape shape{.resnet = resnet(channels, channels, config), .attentions = {}};
  if (config.mid_block_add_attention) shape.attentions.push_back(attention(channels, config));
  return MidBlock(shape, block_options(config));
}

bool attends(const std::vector<bool>& levels, std::size_t i) { return !levels.empty() && levels[i]; }

Tensor through(const torch::nn::ModuleList& levels, const Tensor& x) {
  Flow flow;
  flow.hidden = x;
  for (const auto& item : *levels) item->as<LevelImpl>()->forward(flow, {}, {});
  return flow.hidden;
}

}  // namespace

void validate(const AutoencoderConfig& c) {
  require(c.in_channels > 0, "in_channels", "must be positive");
  require(c.out_channels > 0, "out_channels", "must be positive");
  require(c.latent_channels > 0, "latent_channels", "must be positive");
  require(c.layers_per_block >= 0, "layers_per_block", "must not be negative");
  require(c.norm_num_groups > 0, "norm_num_groups", "must be positive");
  require(c.sample_size.known(), "sample_size", "must be positive");
  require(c.scaling_factor > 0, "scaling_factor", "must be positive");
  require(c.act_fn != Activation::None && c.act_fn != Activation::LeakyRelu, "act_fn",
          "must be Silu, Mish, Gelu or Relu");
  require(!c.block_out_channels.empty(), "block_out_channels", "must name at least one level");
  const std::size_t levels = c.block_out_channels.size();
  require(c.down_attention.empty() || c.down_attention.size() == levels, "down_attention", "is of another length");
  require(c.up_attention.empty() || c.up_attention.size() == levels, "up_attention", "is of another length");
  for (const auto* list : {&c.latents_mean, &c.latents_std})
    require(list->empty() || list->size() == static_cast<std::size_t>(c.latent_channels), "latents_mean, latents_std",
            "must have latent_channels values");
  for (const double deviation : c.latents_std) require(deviation > 0, "latents_std", "must be positive");
  for (const std::int64_t channels : c.block_out_channels)
    require(channels > 0 && channels % c.norm_num_groups == 0, "block_out_channels",
            std::to_string(channels) + " channels are not a multiple of the " + std::to_string(c.norm_num_groups) +
                " groups");
  for (const std::int64_t channels : c.block_out_channels)
    require(c.layers_per_block > 0 || channels == c.block_out_channels[0], "layers_per_block",
            "must be positive where the levels' channels differ");
}

Tensor Moments::sample(const Tensor& noise) const { return mean + torch::exp(0.5 * logvar) * noise; }

Tensor Moments::kl() const { return 0.5 * (mean.square() + torch::exp(logvar) - 1.0 - logvar).flatten(1).sum(1); }

EncoderImpl::EncoderImpl(const AutoencoderConfig& config) {
  const auto& channels = config.block_out_channels;
  conv_in = register_module("conv_in", same_size_convolution(config.in_channels, channels[0], 3));
  register_module("down_blocks", down_blocks);
  for (std::size_t i = 0; i < channels.size(); ++i)
    down_blocks->push_back(DownLevel(level(channels[i == 0 ? 0 : i - 1], channels[i], config.layers_per_block,
                                           attends(config.down_attention, i), i + 1 < channels.size(), config),
                                     block_options(config)));
  mid_block = register_module("mid_block", middle(config));
  conv_norm_out =
      register_module("conv_norm_out", GroupNorm(config.norm_num_groups, channels.back(), kNormEps, Activation::Silu));
  conv_out = register_module("conv_out", same_size_convolution(channels.back(), 2 * config.latent_channels, 3));
}

Tensor EncoderImpl::forward(const Tensor& x) {
  return conv_out(conv_norm_out(mid_block(through(down_blocks, conv_in(x)))));
}

DecoderImpl::DecoderImpl(const AutoencoderConfig& config) {
  const auto& channels = config.block_out_channels;
  const std::size_t levels = channels.size();
  conv_in = register_module("conv_in", same_size_convolution(config.latent_channels, channels.back(), 3));
  mid_block = register_module("mid_block", middle(config));
  register_module("up_blocks", up_blocks);
  for (std::size_t up = 0; up < levels; ++up) {
    const std::size_t i = levels - 1 - up;
    up_blocks->push_back(UpLevel(level(channels[std::min(i + 1, levels - 1)], channels[i], config.layers_per_block + 1,
                                       attends(config.up_attention, up), i > 0, config),
                                 block_options(config)));
  }
  conv_norm_out =
      register_module("conv_norm_out", GroupNorm(config.norm_num_groups, channels[0], kNormEps, Activation::Silu));
  conv_out = register_module("conv_out", same_size_convolution(channels[0], config.out_channels, 3));
}

Tensor DecoderImpl::forward(const Tensor& z) {
  const Tensor features = through(up_blocks, mid_block(conv_in(z)));
  // The last layers in the weights' own precision: bfloat16's steps would be 5 HU in the bones of a common window.
  const c10::impl::ExcludeDispatchKeyGuard without_autocast(c10::autocast_dispatch_keyset);
  return conv_out(conv_norm_out(features.to(conv_out->weight.scalar_type())));
}

AutoencoderImpl::AutoencoderImpl(AutoencoderConfig config) : config_(validated(config)) {
  encoder = register_module("encoder", Encoder(config_));
  decoder = register_module("decoder", Decoder(config_));
  if (config_.use_quant_conv)
    quant_conv = register_module("quant_conv",
                                 same_size_convolution(2 * config_.latent_channels, 2 * config_.latent_channels, 1));
  if (config_.use_post_quant_conv)
    post_quant_conv =
        register_module("post_quant_conv", same_size_convolution(config_.latent_channels, config_.latent_channels, 1));
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

void AutoencoderImpl::set_latent_statistics(std::vector<double> mean, std::vector<double> deviation) {
  AutoencoderConfig config = config_;
  config.latents_mean = std::move(mean);
  config.latents_std = std::move(deviation);
  validate(config);
  config_ = std::move(config);
}

}  // namespace ctforge::nets
