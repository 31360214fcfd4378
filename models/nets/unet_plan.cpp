// The shapes of all of a U-Net's levels.
#include "models/nets/unet_plan.h"

#include <algorithm>
#include <stdexcept>

namespace ctforge::nets {

namespace {

constexpr std::int64_t kMostGroups = 32;      // of levels and normalisations that choose their groups
constexpr std::int64_t kSkipHeadGroups = 32;  // before the attention of AttentionSkip
constexpr std::int64_t kGroupChannels = 32;   // channels of a group in K and KAttention

std::int64_t quarter(std::int64_t channels) { return std::min(channels / 4, kMostGroups); }

// Makes shapes; `groups` are those of one normalisation.
class Shapes {
 public:
  explicit Shapes(const UNetConfig& config) : c_(config), levels_(config.block_out_channels.size()) {}

  LevelShape down(std::size_t level) const {
    const LevelType type = c_.down_block_types[level];
    const std::int64_t out = c_.block_out_channels[level], before = finer(level);
    LevelShape shape;
    for (std::int64_t j = 0; j < c_.layers_per_block; ++j)
      shape.resnets.push_back(resnet(type, j == 0 ? before : out, out));
    const bool last = level + 1 == levels_;
    if (type == LevelType::KAttention)
      shape.attentions.assign(shape.resnets.size(), k_attention(out, head_dim(out), last));
    else if (type == LevelType::Attention || type == LevelType::AttentionSkip)
      shape.attentions.assign(shape.resnets.size(), attention(type, out));
    if (!last) end(shape, type, out, c_.downsample_type, Resample::Average, Resample::BinomialHalf);
    shape.downsample_padding = c_.downsample_padding;
    return shape;
  }

  LevelShape up(std::size_t level) const {
    const LevelType type = c_.up_block_types[levels_ - 1 - level];
    const std::int64_t out = c_.block_out_channels[level];
    LevelShape shape = has_k_blocks(type) ? k_up(type, level) : joined_up(type, level);
    if (level > 0) end(shape, type, out, c_.upsample_type, Resample::Nearest, Resample::BinomialDouble);
    return shape;
  }

  MidShape middle() const {
    const std::int64_t channels = c_.block_out_channels.back();
    const std::int64_t groups = c_.norm_num_groups > 0 ? c_.norm_num_groups : quarter(channels);
    MidShape shape;
    shape.resnet = {.in_channels = channels, .out_channels = channels, .groups_in = groups, .groups_out = groups};
    const bool shifted = c_.resnet_time_scale_shift == TimeScaleShift::Default;
    if (c_.add_attention)
      shape.attentions.push_back(
          {.channels = channels,
           .head_dim = head_dim(channels),
           .groups = c_.attn_norm_num_groups > 0 ? c_.attn_norm_num_groups : (shifted ? groups : 0)});
    return shape;
  }

 private:
  // Channels of the next finer level, of the first convolution at the finest.
  std::int64_t finer(std::size_t level) const { return c_.block_out_channels[level == 0 ? 0 : level - 1]; }
  std::int64_t head_dim(std::int64_t channels) const {
    return c_.attention_head_dim > 0 ? c_.attention_head_dim : channels;
  }
  std::int64_t groups(LevelType type, std::int64_t channels) const {
    if (has_pyramid(type)) return quarter(channels);
    return has_k_blocks(type) ? channels / kGroupChannels : c_.norm_num_groups;
  }
  ResnetShape resnet(LevelType type, std::int64_t in, std::int64_t out) const {
    return {.in_channels = in, .out_channels = out, .groups_in = groups(type, in), .groups_out = groups(type, out)};
  }
  AttentionShape attention(LevelType type, std::int64_t channels) const {
    return {.channels = channels,
            .head_dim = head_dim(channels),
            .groups = type == LevelType::AttentionSkip ? kSkipHeadGroups : c_.norm_num_groups};
  }
  static AttentionShape k_attention(std::int64_t channels, std::int64_t head_dim, bool twice) {
    return {.channels = channels,
            .head_dim = head_dim,
            .groups = std::max<std::int64_t>(1, channels / kGroupChannels),
            .twice = twice};
  }

  // How a level ends: `wanted` is for those who have the choice, `inside` and `filter` happen in a residual block.
  void end(LevelShape& shape, LevelType type, std::int64_t channels, Resampling wanted, Resample inside,
           Resample filter) const {
    shape.resampler = resnet(type, channels, channels);
    shape.resampler.resample = inside;
    shape.resampling = Resampling::Convolution;
    if (type == LevelType::Attention) shape.resampling = wanted;
    if (type == LevelType::Resnet) shape.resampling = Resampling::Resnet;
    if (has_pyramid(type) || has_k_blocks(type)) shape.resampling = Resampling::Filter;
    if (has_pyramid(type)) {
      shape.resampler.resample = filter;
      shape.resampler.shortcut = true;
    }
  }

  // Each residual block's input: what comes from below and then from the block before it, and the skip connection, the
  // last of which is the output of the level above or of conv_in.
  LevelShape joined_up(LevelType type, std::size_t level) const {
    const std::int64_t out = c_.block_out_channels[level];
    LevelShape shape;
    for (std::int64_t j = 0; j <= c_.layers_per_block; ++j) {
      const std::int64_t from_below = j == 0 ? c_.block_out_channels[std::min(level + 1, levels_ - 1)] : out;
      const std::int64_t skip = j == c_.layers_per_block ? finer(level) : out;
      shape.resnets.push_back(resnet(type, from_below + skip, out));
      // diffusers takes the quarter of the skip connection alone.
      if (type == LevelType::AttentionSkip)
        shape.resnets.back().groups_in = std::min(from_below + skip / 4, kMostGroups);
    }
    if (type == LevelType::Attention) shape.attentions.assign(shape.resnets.size(), attention(type, out));
    if (type == LevelType::AttentionSkip) shape.attentions = {attention(type, out)};
    return shape;
  }

  // One skip connection, joined to the first residual block; the last yields what the next finer level takes.
  LevelShape k_up(LevelType type, std::size_t level) const {
    const std::int64_t out = c_.block_out_channels[level], after = finer(level), layers = c_.layers_per_block;
    // diffusers knows the coarsest level of attention, which joins nothing, by its channels.
    const bool first = type == LevelType::KAttention && after == out && out == c_.time_channels();
    LevelShape shape;
    for (std::int64_t j = 0; j < layers; ++j) {
      const std::int64_t in = j == 0 && !first ? 2 * out : out, yields = j + 1 == layers ? after : out;
      ResnetShape block = resnet(type, in, yields);
      block.groups_out = groups(type, out);
      if (type == LevelType::KAttention) {
        block.hidden_channels = out;
        shape.attentions.push_back(k_attention(yields, head_dim(out), first));
      }
      shape.resnets.push_back(block);
    }
    return shape;
  }

  const UNetConfig& c_;
  std::size_t levels_;
};

}  // namespace

UNetPlan plan(const UNetConfig& config) {
  const std::size_t levels = config.block_out_channels.size();
  if (levels == 0 || config.down_block_types.size() != levels || config.up_block_types.size() != levels)
    throw std::invalid_argument("UNetConfig: as many types of levels are needed as block_out_channels");
  const Shapes shapes(config);
  UNetPlan result;
  for (std::size_t i = 0; i < levels; ++i) result.down.push_back(shapes.down(i));
  if (config.mid_block) result.middle = shapes.middle();
  for (std::size_t i = levels; i-- > 0;) {
    result.up.push_back(shapes.up(i));
    // A reflected border is taken from within the picture.
    if (i > 0 && has_k_blocks(config.up_block_types[levels - 1 - i]))
      result.smallest_side = std::max(result.smallest_side, std::int64_t{2} << i);
  }
  const std::int64_t channels = config.block_out_channels[0];
  result.groups_out = config.norm_num_groups > 0 ? config.norm_num_groups : quarter(channels);
  return result;
}

}  // namespace ctforge::nets
