// The denoising U-Net.
#include "models/nets/unet.h"

#include "models/nets/levels.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace ctforge::nets {

using torch::Tensor;

namespace {

void require(bool holds, const std::string& field, const std::string& what) {
  if (!holds) throw std::invalid_argument("UNetConfig." + field + ": " + what);
}

const UNetConfig& validated(const UNetConfig& config) {
  validate(config);
  return config;
}

}  // namespace

void validate(const UNetConfig& c) {
  require(c.sample_size > 0, "sample_size", "must be positive");
  require(c.in_channels > 0, "in_channels", "must be positive");
  require(c.out_channels > 0, "out_channels", "must be positive");
  require(!c.block_out_channels.empty(), "block_out_channels", "must name at least one level");
  require(c.attention.size() == c.block_out_channels.size(), "attention",
          "has " + std::to_string(c.attention.size()) + " levels, block_out_channels has " +
              std::to_string(c.block_out_channels.size()));
  require(c.layers_per_block > 0, "layers_per_block", "must be positive");
  require(c.norm_num_groups > 0, "norm_num_groups", "must be positive");
  require(c.attention_head_dim > 0, "attention_head_dim", "must be positive");
  require(c.norm_eps > 0, "norm_eps", "must be positive");
  require(c.downsample_padding == 0 || c.downsample_padding == 1, "downsample_padding", "must be 0 or 1");
  require(c.num_class_embeds >= 0, "num_class_embeds", "must not be negative");
  require(c.dropout >= 0 && c.dropout < 1, "dropout", "must be in [0,1)");
  for (std::size_t i = 0; i < c.block_out_channels.size(); ++i) {
    const std::int64_t channels = c.block_out_channels[i];
    const std::string found = std::to_string(channels) + " channels";
    require(channels > 0 && channels % c.norm_num_groups == 0, "block_out_channels",
            found + " are not a multiple of the " + std::to_string(c.norm_num_groups) + " groups");
    const bool attends = c.attention[i] || i + 1 == c.block_out_channels.size();  // the middle block always does
    require(!attends || channels >= c.attention_head_dim, "attention_head_dim",
            std::to_string(c.attention_head_dim) + " is more than a level's " + found);
  }
  require(c.freq_shift >= 0 && c.freq_shift < c.block_out_channels[0] / 2, "freq_shift",
          "must be in [0, block_out_channels[0]/2)");
}

UNetImpl::UNetImpl(UNetConfig config) : config_(validated(config)) {
  const auto& channels = config_.block_out_channels;
  const std::size_t levels = channels.size();
  const BlockOptions options{.time_channels = channels[0] * 4,
                             .norm_num_groups = config_.norm_num_groups,
                             .norm_eps = config_.norm_eps,
                             .dropout = config_.dropout};
  const auto head_dim = [&](std::size_t level) { return config_.attention[level] ? config_.attention_head_dim : 0; };

  conv_in = register_module(
      "conv_in", torch::nn::Conv2d(torch::nn::Conv2dOptions(config_.in_channels, channels[0], 3).padding(1)));
  time_embedding = register_module("time_embedding", TimestepEmbedding(channels[0], options.time_channels));
  if (config_.num_class_embeds > 0)
    class_embedding =
        register_module("class_embedding", torch::nn::Embedding(config_.num_class_embeds, options.time_channels));

  register_module("down_blocks", down_blocks);
  for (std::size_t i = 0; i < levels; ++i)
    down_blocks->push_back(DownLevel(DownLevelImpl::Shape{.in_channels = channels[i == 0 ? 0 : i - 1],
                                                          .out_channels = channels[i],
                                                          .layers = config_.layers_per_block,
                                                          .head_dim = head_dim(i),
                                                          .downsample = i + 1 < levels,
                                                          .downsample_padding = config_.downsample_padding},
                                     options));
  mid_block = register_module("mid_block", MidBlock(channels.back(), config_.attention_head_dim, options));

  register_module("up_blocks", up_blocks);
  for (std::size_t up = 0; up < levels; ++up) {
    const std::size_t i = levels - 1 - up;  // the level on the way down
    // Each residual block's input: what comes from below and then from the block before it, and the skip connection,
    // the last of which is the output of the level above or of conv_in.
    std::vector<std::int64_t> in_channels;
    for (std::int64_t j = 0; j <= config_.layers_per_block; ++j)
      in_channels.push_back((j == 0 ? channels[std::min(i + 1, levels - 1)] : channels[i]) +
                            (j == config_.layers_per_block ? channels[i == 0 ? 0 : i - 1] : channels[i]));
    up_blocks->push_back(UpLevel(
        UpLevelImpl::Shape{
            .in_channels = in_channels, .out_channels = channels[i], .head_dim = head_dim(i), .upsample = i > 0},
        options));
  }
  conv_norm_out = register_module("conv_norm_out",
                                  GroupNorm(config_.norm_num_groups, channels[0], config_.norm_eps, Activation::Silu));
  conv_out = register_module(
      "conv_out", torch::nn::Conv2d(torch::nn::Conv2dOptions(channels[0], config_.out_channels, 3).padding(1)));
}

void UNetImpl::check_input(const Tensor& x, const Tensor& labels) const {
  const std::int64_t multiple = std::int64_t{1} << (config_.block_out_channels.size() - 1);
  if (x.dim() != 4 || x.size(1) != config_.in_channels || x.size(2) % multiple != 0 || x.size(3) % multiple != 0)
    throw std::invalid_argument("UNet: x must be [N," + std::to_string(config_.in_channels) +
                                ",H,W] with H and W multiples of " + std::to_string(multiple));
  if (labels.defined() != (config_.num_class_embeds > 0))
    throw std::invalid_argument(labels.defined() ? "UNet: labels given to an unconditional network"
                                                 : "UNet: a class-conditional network needs labels");
}

Tensor UNetImpl::embed(const Tensor& c_noise, const Tensor& labels) {
  const Tensor waves = sinusoidal_embedding(c_noise, config_.block_out_channels[0], config_.flip_sin_to_cos,
                                            static_cast<double>(config_.freq_shift));
  const Tensor embedding = time_embedding(waves);
  return labels.defined() ? embedding + class_embedding(labels) : embedding;
}

Tensor UNetImpl::forward(const Tensor& x, const Tensor& c_noise, const Tensor& labels) {
  check_input(x, labels);
  // Every residual block takes the activated embedding, so that it is activated once.
  const Tensor activated_time = torch::silu(embed(c_noise.expand({x.size(0)}), labels));
  Tensor hidden = conv_in(x);
  std::vector<Tensor> skips = {hidden};
  for (const auto& level : *down_blocks)
    hidden = level->as<DownLevelImpl>()->forward(hidden, activated_time, &skips, runner_);
  const Block middle = [this](const std::vector<Tensor>& inputs) { return mid_block(inputs[0], inputs[1]); };
  hidden = run_block(runner_, middle, {hidden, activated_time});
  for (const auto& level : *up_blocks)
    hidden = level->as<UpLevelImpl>()->forward(hidden, activated_time, &skips, runner_);
  return conv_out(conv_norm_out(hidden));
}

}  // namespace ctforge::nets
