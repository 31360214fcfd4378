// Whether the levels of a U-Net fit each other.
#include "models/nets/unet_fit.h"

#include "models/nets/skip_levels.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace ctforge::nets {

namespace {

[[noreturn]] void fail(const std::string& field, const std::string& what) {
  throw std::invalid_argument("UNetConfig." + field + ": " + what);
}

// Groups must divide channels, heads must fit them.
void check_groups(std::int64_t groups, std::int64_t channels, const std::string& where) {
  const std::string found = where + ": " + std::to_string(channels) + " channels are ";
  if (groups < 1) fail("block_out_channels", found + "too few, or norm_num_groups is null where it is needed");
  if (channels % groups != 0)
    fail("block_out_channels", found + "not a multiple of the " + std::to_string(groups) + " groups");
}

void check_parts(const std::vector<ResnetShape>& resnets, const std::vector<AttentionShape>& attentions,
                 const std::string& where) {
  for (const ResnetShape& block : resnets) {
    check_groups(block.groups_in, block.in_channels, where);
    check_groups(block.groups_out, block.hidden(), where);
  }
  for (const AttentionShape& attention : attentions) {
    if (attention.groups > 0) check_groups(attention.groups, attention.channels, where);
    if (attention.channels < attention.head_dim)
      fail("attention_head_dim", std::to_string(attention.head_dim) + " is more than the " +
                                     std::to_string(attention.channels) + " channels of " + where);
  }
}

// Follows a picture through the levels by its channels and how often it was halved.
class Walk {
 public:
  Walk(const UNetConfig& config, const UNetPlan& plan)
      : c_(config), plan_(plan), hidden_{config.block_out_channels[0], 0} {
    skips_.push_back(hidden_);
  }

  void down(std::size_t level) {
    const LevelShape& shape = plan_.down[level];
    const LevelType type = c_.down_block_types[level];
    name("down_block_types", level, down_block_name(type));
    check_parts(shape.resnets, shape.attentions, where_);
    const bool ends = shape.resampling != Resampling::None;
    for (const ResnetShape& block : shape.resnets) {
      through(block);
      skips_.push_back(type == LevelType::KAttention && !ends ? State() : hidden_);
    }
    if (!ends) return;
    if (has_k_blocks(type)) {
      ++hidden_.halvings;
      return;
    }
    end(shape);
    ++hidden_.halvings;
    if (has_pyramid(type)) {
      if (c_.in_channels != kPyramidChannels) refuse("needs in_channels = 3");
      if (++image_halvings_ != hidden_.halvings) refuse("must not follow a level of another kind that halves");
    }
    skips_.push_back(hidden_);
  }

  void middle() {
    check_parts({plan_.middle.resnet}, plan_.middle.attentions, "the middle");
    name("block_out_channels", c_.block_out_channels.size() - 1, "the middle");
    through(plan_.middle.resnet);
  }

  void up(std::size_t level) {
    const LevelShape& shape = plan_.up[c_.block_out_channels.size() - 1 - level];
    const LevelType type = c_.up_block_types[c_.block_out_channels.size() - 1 - level];
    name("up_block_types", level, up_block_name(type));
    check_parts(shape.resnets, shape.attentions, where_);
    if (has_k_blocks(type) && shape.resnets.empty()) refuse("needs layers_per_block of at least 1");
    const std::size_t taken = has_k_blocks(type) ? 1 : shape.resnets.size();
    for (std::size_t j = 0; j < shape.resnets.size(); ++j) {
      if (j < taken) join(has_k_blocks(type));
      through(shape.resnets[j]);
    }
    if (has_k_blocks(type)) drop(shape.resnets.size() - 1);
    const bool ends = shape.resampling != Resampling::None;
    if (has_pyramid(type) && has_image_) --image_out_halvings_;
    if (has_pyramid(type) && ends) {
      if (has_image_ && image_out_halvings_ != hidden_.halvings) refuse_pyramid();
      has_image_ = true;
      image_out_halvings_ = hidden_.halvings;
    }
    if (!ends) return;
    if (!has_k_blocks(type)) end(shape);
    --hidden_.halvings;
  }

  void finish() {
    if (hidden_.channels != c_.block_out_channels[0])
      refuse("leaves " + std::to_string(hidden_.channels) + " channels");
    if (!has_image_) return;
    if (image_out_halvings_ != 0) refuse_pyramid();
    if (c_.out_channels != kPyramidChannels) refuse("comes after levels that need out_channels = 3");
  }

 private:
  struct State {
    std::int64_t channels = 0;  // 0: nothing there
    int halvings = 0;
  };

  void name(const std::string& field, std::size_t level, const std::string& type) {
    field_ = field;
    where_ = type + " of level " + std::to_string(level);
  }
  [[noreturn]] void refuse(const std::string& what) const { fail(field_, where_ + " " + what); }
  [[noreturn]] void refuse_pyramid() const {
    refuse("does not fit: every level after the first SkipUpBlock2D or AttnSkipUpBlock2D must be one of the two");
  }

  void through(const ResnetShape& block) {
    if (hidden_.channels != block.in_channels)
      refuse("is given " + std::to_string(hidden_.channels) + " channels where it takes " +
             std::to_string(block.in_channels) + ": it does not fit the levels before it");
    hidden_.channels = block.out_channels;
  }

  void end(const LevelShape& shape) {
    if (shape.resampling != Resampling::Convolution) check_parts({shape.resampler}, {}, where_);
    if (shape.resampling == Resampling::Convolution && shape.downsample_padding != 0 && shape.downsample_padding != 1)
      fail("downsample_padding", "must be 0 or 1");
    if (hidden_.channels != shape.resampler.in_channels)
      refuse("is given " + std::to_string(hidden_.channels) + " channels and has no layers to change that");
  }

  void join(bool may_be_absent) {
    if (skips_.empty()) refuse("finds no skip connection left: the levels on the way down keep too few");
    const State skip = skips_.back();
    skips_.pop_back();
    if (skip.channels == 0) {
      if (!may_be_absent) refuse("finds a skip connection that KCrossAttnDownBlock2D leaves empty");
      return;
    }
    if (skip.halvings != hidden_.halvings) refuse("finds a skip connection of another resolution");
    hidden_.channels += skip.channels;
  }

  void drop(std::size_t count) { skips_.resize(skips_.size() - std::min(skips_.size(), count)); }

  const UNetConfig& c_;
  const UNetPlan& plan_;
  State hidden_;
  std::vector<State> skips_;
  int image_halvings_ = 0;
  bool has_image_ = false;
  int image_out_halvings_ = 0;
  std::string field_, where_;
};

}  // namespace

void check_fit(const UNetConfig& config, const UNetPlan& plan) {
  Walk walk(config, plan);
  const std::size_t levels = config.block_out_channels.size();
  for (std::size_t i = 0; i < levels; ++i) walk.down(i);
  if (config.mid_block) walk.middle();
  for (std::size_t i = levels; i-- > 0;) walk.up(i);
  walk.finish();
  check_groups(plan.groups_out, config.block_out_channels[0], "the output");
}

}  // namespace ctforge::nets
