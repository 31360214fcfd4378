// The U-Net's configuration as config.json of diffusers' UNet2DModel.
#include "models/nets/unet_json.h"

#include "io/file/fault.h"
#include "models/nets/config_reader.h"
#include "models/nets/config_writer.h"

#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ctforge::nets {

using nlohmann::json;

namespace {

constexpr Names<TimeEmbeddingType, 3> kTimeEmbeddings = {{{"positional", TimeEmbeddingType::Positional},
                                                          {"fourier", TimeEmbeddingType::Fourier},
                                                          {"learned", TimeEmbeddingType::Learned}}};
constexpr Names<ClassEmbedType, 3> kClassEmbeddings = {
    {{"", ClassEmbedType::Table}, {"timestep", ClassEmbedType::Timestep}, {"identity", ClassEmbedType::Identity}}};
constexpr Names<Resampling, 3> kResamplings = {
    {{"conv", Resampling::Convolution}, {"", Resampling::Convolution}, {"resnet", Resampling::Resnet}}};
constexpr Names<TimeScaleShift, 2> kTimeScaleShifts = {
    {{"default", TimeScaleShift::Default}, {"scale_shift", TimeScaleShift::ScaleShift}}};
constexpr Names<bool, 2> kMiddles = {{{"UNetMidBlock2D", true}, {"", false}}};
constexpr std::array kLevelTypes = {LevelType::Plain,     LevelType::Attention,     LevelType::Resnet,
                                    LevelType::Skip,      LevelType::AttentionSkip, LevelType::K,
                                    LevelType::KAttention};

std::vector<LevelType> level_types(ConfigReader& reader, const std::string& key, std::string (*name)(LevelType),
                                   const std::vector<std::string>& absent) {
  std::vector<LevelType> types;
  for (const std::string& given : reader.texts(key, absent)) {
    const std::string plain = given.starts_with("UNetRes") ? given.substr(7) : given;  // an old prefix
    const std::size_t before = types.size();
    for (const LevelType type : kLevelTypes)
      if (name(type) == plain) types.push_back(type);
    if (types.size() > before) continue;
    reader.refuse(key, given);
    types.push_back(LevelType::Plain);
  }
  return types;
}

std::vector<std::string> names_of(const std::vector<LevelType>& types, std::string (*name)(LevelType)) {
  std::vector<std::string> names;
  for (const LevelType type : types) names.push_back(name(type));
  return names;
}

void read_levels(ConfigReader& reader, UNetConfig& c) {
  c.block_out_channels = reader.integers("block_out_channels", {224, 448, 672, 896});
  c.down_block_types = level_types(reader, "down_block_types", down_block_name,
                                   {"DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"});
  c.up_block_types = level_types(reader, "up_block_types", up_block_name,
                                 {"AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"});
  c.layers_per_block = reader.integer("layers_per_block", 2);
  c.downsample_padding = reader.integer("downsample_padding", 1);
  c.downsample_type = reader.choice("downsample_type", kResamplings, Resampling::Convolution);
  c.upsample_type = reader.choice("upsample_type", kResamplings, Resampling::Convolution);
  c.dropout = reader.number("dropout", 0.0);
  c.act_fn = reader.activation("act_fn", Activation::Silu);
  c.attention_head_dim = reader.positive_or_null("attention_head_dim", 8);
  c.norm_num_groups = reader.positive_or_null("norm_num_groups", 32);
  c.norm_eps = reader.number("norm_eps", 1e-5);
  c.resnet_time_scale_shift = reader.choice("resnet_time_scale_shift", kTimeScaleShifts, TimeScaleShift::Default);
}

void read_middle(ConfigReader& reader, UNetConfig& c) {
  c.mid_block = reader.choice("mid_block_type", kMiddles, true);
  c.mid_block_scale_factor = reader.number("mid_block_scale_factor", 1.0);
  c.attn_norm_num_groups = reader.positive_or_null("attn_norm_num_groups", 0);
  c.add_attention = reader.flag("add_attention", true);
}

void read_embeddings(ConfigReader& reader, UNetConfig& c) {
  c.time_embedding_type = reader.choice("time_embedding_type", kTimeEmbeddings, TimeEmbeddingType::Positional);
  c.time_embedding_dim = reader.integer_or_null("time_embedding_dim", 0);
  c.freq_shift = reader.number("freq_shift", 0);
  c.flip_sin_to_cos = reader.flag("flip_sin_to_cos", true);
  c.class_embed_type = reader.choice("class_embed_type", kClassEmbeddings, ClassEmbedType::Table);
  c.num_class_embeds = reader.positive_or_null("num_class_embeds", 0);
  c.num_train_timesteps = reader.positive_or_null("num_train_timesteps", 0);
}

}  // namespace

std::string to_json(const UNetConfig& c) {
  json values = {{"_class_name", "UNet2DModel"},
                 {"_diffusers_version", kDiffusersVersion},
                 {"act_fn", activation_name(c.act_fn)},
                 {"add_attention", c.add_attention},
                 {"attention_head_dim", positive_or_null(c.attention_head_dim)},
                 {"attn_norm_num_groups", positive_or_null(c.attn_norm_num_groups)},
                 {"block_out_channels", c.block_out_channels},
                 {"center_input_sample", c.center_input_sample},
                 {"class_embed_type", name_of(kClassEmbeddings, c.class_embed_type)},
                 {"down_block_types", names_of(c.down_block_types, down_block_name)},
                 {"downsample_padding", c.downsample_padding},
                 {"downsample_type", name_of(kResamplings, c.downsample_type)},
                 {"dropout", c.dropout},
                 {"flip_sin_to_cos", c.flip_sin_to_cos},
                 {"freq_shift", whole_where_possible(c.freq_shift)},
                 {"in_channels", c.in_channels},
                 {"layers_per_block", c.layers_per_block},
                 {"mid_block_scale_factor", whole_where_possible(c.mid_block_scale_factor)},
                 {"norm_eps", c.norm_eps},
                 {"norm_num_groups", positive_or_null(c.norm_num_groups)},
                 {"num_class_embeds", positive_or_null(c.num_class_embeds)},
                 {"num_train_timesteps", positive_or_null(c.num_train_timesteps)},
                 {"out_channels", c.out_channels},
                 {"resnet_time_scale_shift", name_of(kTimeScaleShifts, c.resnet_time_scale_shift)},
                 {"sample_size", size_or_null(c.sample_size)},
                 {"time_embedding_type", name_of(kTimeEmbeddings, c.time_embedding_type)},
                 {"up_block_types", names_of(c.up_block_types, up_block_name)},
                 {"upsample_type", name_of(kResamplings, c.upsample_type)}};
  // Keys that older releases do not know are written where they say something.
  if (c.time_embedding_dim > 0) values["time_embedding_dim"] = c.time_embedding_dim;
  if (!c.mid_block) values["mid_block_type"] = nullptr;
  return values.dump(2) + "\n";
}

UNetConfig unet_config_from_json(const std::string& text) {
  ConfigReader reader(text, "UNet2DModel");
  UNetConfig c;
  c.sample_size = reader.size("sample_size", {});
  c.in_channels = reader.integer("in_channels", 3);
  c.out_channels = reader.integer("out_channels", 3);
  c.center_input_sample = reader.flag("center_input_sample", false);
  read_levels(reader, c);
  read_middle(reader, c);
  read_embeddings(reader, c);
  reader.finish();
  return validated_config(c);
}

}  // namespace ctforge::nets
