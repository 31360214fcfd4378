// config.json of UNet2DModel: there and back, and what is refused.
#include "models/nets/unet_json.h"

#include "io/file/fault.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::nets {
namespace {

using nlohmann::json;

UNetConfig small_json_unet() {
  UNetConfig config;
  config.block_out_channels = {16, 32, 32};
  set_attention(config, {false, true, false});
  config.attention_head_dim = 16;
  config.norm_num_groups = 8;
  return config;
}

// The message of the DataError that reading the small configuration with another value throws.
std::string refusal(const std::string& key, const json& value) {
  json config = json::parse(to_json(small_json_unet()));
  config[key] = value;
  try {
    unet_config_from_json(config.dump());
  } catch (const io::DataError& error) {
    return error.what();
  }
  return "accepted";
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(UNetJson, TakesDiffusersDefaultsForAbsentKeys) {
  const UNetConfig unet = unet_config_from_json(R"({"_class_name": "UNet2DModel"})");
  EXPECT_EQ(unet.block_out_channels, (std::vector<std::int64_t>{224, 448, 672, 896}));
  EXPECT_EQ(unet.down_block_types, (std::vector<LevelType>{LevelType::Plain, LevelType::Attention, LevelType::Attention,
                                                           LevelType::Attention}));
  EXPECT_EQ(unet.up_block_types.back(), LevelType::Plain);
  EXPECT_EQ(unet.attention_head_dim, 8);
  EXPECT_EQ(unet.in_channels, 3);
  EXPECT_FALSE(unet.sample_size.known());
}

TEST(UNetJson, ReadsWhatKnownNetworksAreMadeOf) {
  // As of a consistency model of ImageNet at 64 pixels.
  const UNetConfig consistency = unet_config_from_json(R"({
    "sample_size": 64, "layers_per_block": 3, "num_class_embeds": 1000, "block_out_channels": [192, 384, 576, 768],
    "attention_head_dim": 64, "resnet_time_scale_shift": "scale_shift", "attn_norm_num_groups": 32,
    "down_block_types": ["ResnetDownsampleBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"],
    "up_block_types": ["AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D"],
    "upsample_type": "resnet", "downsample_type": "resnet"})");
  EXPECT_EQ(consistency.resnet_time_scale_shift, TimeScaleShift::ScaleShift);
  // As of NCSN++, which leaves the groups to its levels.
  const UNetConfig score = unet_config_from_json(R"({
    "block_out_channels": [128, 128, 256, 256, 256, 256, 256], "norm_num_groups": null, "attention_head_dim": null,
    "time_embedding_type": "fourier", "mid_block_scale_factor": 1.41421356237, "norm_eps": 1e-6,
    "down_block_types": ["SkipDownBlock2D", "SkipDownBlock2D", "SkipDownBlock2D", "SkipDownBlock2D",
                         "AttnSkipDownBlock2D", "SkipDownBlock2D", "SkipDownBlock2D"],
    "up_block_types": ["SkipUpBlock2D", "SkipUpBlock2D", "AttnSkipUpBlock2D", "SkipUpBlock2D", "SkipUpBlock2D",
                       "SkipUpBlock2D", "SkipUpBlock2D"]})");
  EXPECT_EQ(score.norm_num_groups, 0);
}

TEST(UNetJson, EveryOptionComesBack) {
  UNetConfig c = small_json_unet();
  c.sample_size = {16, 24};
  c.in_channels = c.out_channels = 3;
  c.center_input_sample = true;
  c.time_embedding_type = TimeEmbeddingType::Learned;
  c.time_embedding_dim = 40;
  c.freq_shift = 0.5;
  c.flip_sin_to_cos = false;
  c.block_out_channels = {32, 32, 32};
  c.down_block_types = {LevelType::Skip, LevelType::AttentionSkip, LevelType::K};
  c.mid_block = false;
  c.up_block_types = {LevelType::Resnet, LevelType::Attention, LevelType::Plain};
  c.layers_per_block = 1;
  c.mid_block_scale_factor = 1.25;
  c.downsample_padding = 0;
  c.downsample_type = c.upsample_type = Resampling::Resnet;
  c.dropout = 0.25;
  c.act_fn = Activation::Gelu;
  c.attention_head_dim = 0;
  c.attn_norm_num_groups = 4;
  c.norm_eps = 1e-3;
  c.resnet_time_scale_shift = TimeScaleShift::ScaleShift;
  c.add_attention = false;
  c.class_embed_type = ClassEmbedType::Identity;
  c.num_class_embeds = 3;
  c.num_train_timesteps = 100;
  const std::string text = to_json(c);
  EXPECT_EQ(to_json(unet_config_from_json(text)), text);
  const json written = json::parse(text), ours = json::parse(to_json(UNetConfig()));
  for (const auto& [key, value] : ours.items()) {  // so that none was forgotten above
    if (!key.starts_with("_") && key != "norm_num_groups") {
      EXPECT_NE(written.at(key), value) << key;
    }
  }
}

TEST(UNetJson, OldNamesAndNullsAreUnderstood) {
  EXPECT_EQ(refusal("down_block_types", {"UNetResDownBlock2D", "AttnDownBlock2D", "DownBlock2D"}), "accepted");
  EXPECT_EQ(refusal("act_fn", "Swish"), "accepted");
  EXPECT_EQ(refusal("downsample_type", nullptr), "accepted");
  EXPECT_EQ(refusal("time_embedding_dim", 0), "accepted");
  EXPECT_EQ(refusal("new_option", nullptr), "accepted");
}

TEST(UNetJson, RefusesByNameWhatTheNetworkCannotHonour) {
  EXPECT_EQ(refusal("act_fn", "tanh"), "config.json asks for what this network does not have: act_fn = \"tanh\"");
  for (const char* value : {"ada_group", "spatial"})
    EXPECT_TRUE(mentions(refusal("resnet_time_scale_shift", value), "resnet_time_scale_shift = ")) << value;
  EXPECT_TRUE(mentions(refusal("new_option", 3), "new_option = 3"));
  EXPECT_TRUE(mentions(refusal("class_embed_type", "projection"), "class_embed_type = \"projection\""));
  EXPECT_TRUE(mentions(refusal("time_embedding_type", "cosine"), "time_embedding_type = \"cosine\""));
  EXPECT_TRUE(mentions(refusal("mid_block_type", "UNetMidBlock2DCrossAttn"), "mid_block_type"));
  EXPECT_TRUE(mentions(refusal("downsample_type", "fir"), "downsample_type = \"fir\""));
  EXPECT_TRUE(mentions(refusal("attention_head_dim", 0), "attention_head_dim = 0"));
  for (const char* type : {"CrossAttnDownBlock2D", "SimpleCrossAttnDownBlock2D", "DownEncoderBlock2D", "UpBlock2D"})
    EXPECT_TRUE(mentions(refusal("down_block_types", {"DownBlock2D", type, "DownBlock2D"}),
                         std::string("down_block_types = \"") + type + "\""))
        << type;
}

TEST(UNetJson, RefusesWhatContradictsItself) {
  EXPECT_TRUE(mentions(refusal("layers_per_block", "two"), "layers_per_block"));
  EXPECT_TRUE(mentions(refusal("block_out_channels", {16, 32, 33}), "not a multiple"));
  EXPECT_TRUE(mentions(refusal("up_block_types", {"UpBlock2D"}), "up_block_types"));
  EXPECT_TRUE(mentions(refusal("up_block_types", {"SkipUpBlock2D", "UpBlock2D", "UpBlock2D"}), "UpBlock2D of level 0"));
  EXPECT_TRUE(mentions(refusal("time_embedding_type", "learned"), "num_train_timesteps"));
  EXPECT_TRUE(mentions(refusal("_class_name", "AutoencoderKL"), "AutoencoderKL"));
}

}  // namespace
}  // namespace ctforge::nets
