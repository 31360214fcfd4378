// What a U-Net is to be made of.
#include "models/nets/unet_config.h"

#include "models/nets/unet_fit.h"

#include <cmath>
#include <stdexcept>

namespace ctforge::nets {

namespace {

constexpr std::size_t kMostLevels = 32;  // more would halve any picture to nothing

void require(bool holds, const std::string& field, const std::string& what) {
  if (!holds) throw std::invalid_argument("UNetConfig." + field + ": " + what);
}

std::string block_name(LevelType type, const std::string& way) {
  switch (type) {
    case LevelType::Plain:
      return way + "Block2D";
    case LevelType::Attention:
      return "Attn" + way + "Block2D";
    case LevelType::Resnet:
      return "Resnet" + way + "sampleBlock2D";
    case LevelType::Skip:
      return "Skip" + way + "Block2D";
    case LevelType::AttentionSkip:
      return "AttnSkip" + way + "Block2D";
    case LevelType::K:
      return "K" + way + "Block2D";
    case LevelType::KAttention:
      return "KCrossAttn" + way + "Block2D";
  }
  throw std::invalid_argument("no such type of level");
}

void require_length(const UNetConfig& c, const std::vector<LevelType>& types, const std::string& field) {
  require(types.size() == c.block_out_channels.size(), field,
          "has " + std::to_string(types.size()) + " levels, block_out_channels has " +
              std::to_string(c.block_out_channels.size()));
}

void validate_time(const UNetConfig& c) {
  require(c.time_embedding_dim >= 0, "time_embedding_dim", "must not be negative");
  require(c.num_train_timesteps >= 0, "num_train_timesteps", "must not be negative");
  require(c.time_embedding_type != TimeEmbeddingType::Learned || c.num_train_timesteps > 0, "num_train_timesteps",
          "must be positive with a learned time embedding");
  const std::int64_t half = c.block_out_channels[0] / 2;
  require(
      c.time_embedding_type != TimeEmbeddingType::Positional || half == 0 || c.freq_shift < static_cast<double>(half),
      "freq_shift", "must be less than block_out_channels[0]/2");
  require(std::isfinite(c.freq_shift), "freq_shift", "must be finite");
}

}  // namespace

std::int64_t UNetConfig::time_channels() const {
  return time_embedding_dim > 0 ? time_embedding_dim : 4 * block_out_channels.at(0);
}

void set_attention(UNetConfig& config, const std::vector<bool>& attends) {
  config.down_block_types.clear();
  for (const bool attention : attends)
    config.down_block_types.push_back(attention ? LevelType::Attention : LevelType::Plain);
  config.up_block_types.assign(config.down_block_types.rbegin(), config.down_block_types.rend());
}

std::string down_block_name(LevelType type) { return block_name(type, "Down"); }
std::string up_block_name(LevelType type) { return block_name(type, "Up"); }
bool has_pyramid(LevelType type) { return type == LevelType::Skip || type == LevelType::AttentionSkip; }
bool has_k_blocks(LevelType type) { return type == LevelType::K || type == LevelType::KAttention; }

void validate(const UNetConfig& c) {
  require(c.sample_size.height >= 0 && c.sample_size.width >= 0, "sample_size", "must not be negative");
  require(c.in_channels > 0, "in_channels", "must be positive");
  require(c.out_channels > 0, "out_channels", "must be positive");
  require(!c.block_out_channels.empty() && c.block_out_channels.size() <= kMostLevels, "block_out_channels",
          "must name 1 to " + std::to_string(kMostLevels) + " levels");
  for (const std::int64_t channels : c.block_out_channels)
    require(channels > 0, "block_out_channels", "must be positive");
  require_length(c, c.down_block_types, "down_block_types");
  require_length(c, c.up_block_types, "up_block_types");
  require(c.layers_per_block >= 0, "layers_per_block", "must not be negative");
  require(c.norm_num_groups >= 0, "norm_num_groups", "must not be negative");
  require(c.attn_norm_num_groups >= 0, "attn_norm_num_groups", "must not be negative");
  require(c.attention_head_dim >= 0, "attention_head_dim", "must not be negative");
  require(c.norm_eps > 0 && std::isfinite(c.norm_eps), "norm_eps", "must be positive");
  require(c.mid_block_scale_factor != 0 && std::isfinite(c.mid_block_scale_factor), "mid_block_scale_factor",
          "must be finite and not zero");
  require(c.num_class_embeds >= 0, "num_class_embeds", "must not be negative");
  require(c.dropout >= 0 && c.dropout < 1, "dropout", "must be in [0,1)");
  for (const Resampling type : {c.downsample_type, c.upsample_type})
    require(type == Resampling::Convolution || type == Resampling::Resnet, "downsample_type, upsample_type",
            "must be Convolution or Resnet");
  require(c.act_fn != Activation::None && c.act_fn != Activation::LeakyRelu, "act_fn",
          "must be Silu, Mish, Gelu or Relu");
  validate_time(c);
  check_fit(c, plan(c));
}

}  // namespace ctforge::nets
