// What a U-Net is to be made of.
#pragma once

#include "models/nets/blocks.h"
#include "models/nets/image_size.h"
#include "models/nets/levels.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ctforge::nets {

// Kinds of levels, by what diffusers calls them on the way down; on the way up "Up" stands for "Down".
enum class LevelType {
  Plain,          // DownBlock2D: residual blocks
  Attention,      // AttnDownBlock2D: and self-attention after each
  Resnet,         // ResnetDownsampleBlock2D: resampled inside a residual block
  Skip,           // SkipDownBlock2D: a pyramid of the picture beside the features
  AttentionSkip,  // AttnSkipDownBlock2D: both
  K,              // KDownBlock2D: adaptive normalisation, binomial filters
  KAttention,     // KCrossAttnDownBlock2D: and self-attention after each; here nothing is there to cross with
};

enum class TimeEmbeddingType {
  Positional,  // sinusoidal_embedding
  Fourier,     // FourierProjection; the output of the network is then divided by c_noise
  Learned,     // LearnedProjection
};

// What labels are.
enum class ClassEmbedType {
  Table,     // [N] int64, numbers of rows of a table of num_class_embeds
  Timestep,  // [N] numbers, embedded as c_noise is
  Identity,  // [N,time embedding's length], added to the time embedding
};

// Names and meaning of the fields are those of UNet2DModel's config.json; 0 stands for its null.
struct UNetConfig {
  ImageSize sample_size = 16;  // for whoever draws samples; the network takes any size
  std::int64_t in_channels = 4;
  std::int64_t out_channels = 4;
  bool center_input_sample = false;  // x in [0,1], taken to [-1,1]
  TimeEmbeddingType time_embedding_type = TimeEmbeddingType::Positional;
  std::int64_t time_embedding_dim = 0;  // 0: four times the first level's channels
  double freq_shift = 0;                // of Positional
  bool flip_sin_to_cos = true;          // of Positional
  std::vector<LevelType> down_block_types = {LevelType::Plain, LevelType::Attention, LevelType::Attention};
  bool mid_block = true;  // mid_block_type is "UNetMidBlock2D", else null
  std::vector<LevelType> up_block_types = {LevelType::Attention, LevelType::Attention, LevelType::Plain};
  std::vector<std::int64_t> block_out_channels = {64, 128, 192};
  std::int64_t layers_per_block = 2;
  double mid_block_scale_factor = 1;  // what the sum of a block and its input is divided by there
  std::int64_t downsample_padding = 1;
  Resampling downsample_type = Resampling::Convolution;  // of LevelType::Attention: Convolution or Resnet
  Resampling upsample_type = Resampling::Convolution;    // the same
  double dropout = 0;
  Activation act_fn = Activation::Silu;  // inside the blocks; the embedding and the output keep SiLU
  std::int64_t attention_head_dim = 64;  // 0: one head of a level's channels
  std::int64_t norm_num_groups = 32;     // 0: a quarter of the channels, at most 32, where levels choose for themselves
  std::int64_t attn_norm_num_groups = 0;  // before the middle attention; 0: norm_num_groups, or no normalisation at all
                                          // with TimeScaleShift::ScaleShift
  double norm_eps = 1e-5;
  TimeScaleShift resnet_time_scale_shift = TimeScaleShift::Default;
  bool add_attention = true;  // in the middle
  ClassEmbedType class_embed_type = ClassEmbedType::Table;
  std::int64_t num_class_embeds = 0;     // of Table: classes and one more for "no class"; 0: unconditional
  std::int64_t num_train_timesteps = 0;  // of Learned

  // Length of the time embedding.
  std::int64_t time_channels() const;
  // Whether forward takes labels.
  bool conditional() const { return class_embed_type != ClassEmbedType::Table || num_class_embeds > 0; }
};

// Makes levels Plain, or Attention where asked for, the same on both ways. attends: finest level first.
void set_attention(UNetConfig& config, const std::vector<bool>& attends);

// As diffusers calls a level: "AttnDownBlock2D", "AttnUpBlock2D".
std::string down_block_name(LevelType type);
std::string up_block_name(LevelType type);
bool has_pyramid(LevelType type);   // Skip, AttentionSkip
bool has_k_blocks(LevelType type);  // K, KAttention

// Throws std::invalid_argument naming the field when no network can be made of the configuration: values out of range,
// lists of different length, channels that their groups do not divide, attention on fewer channels than one head has,
// levels that do not fit each other.
void validate(const UNetConfig& config);

}  // namespace ctforge::nets
