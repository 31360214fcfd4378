// config.json of AutoencoderKL: there and back, and what is refused.
#include "models/nets/autoencoder_json.h"

#include "io/file/fault.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::nets {
namespace {

using nlohmann::json;

std::string refusal(const std::string& key, const json& value) {
  json config = json::parse(to_json(AutoencoderConfig()));
  config[key] = value;
  try {
    autoencoder_config_from_json(config.dump());
  } catch (const io::DataError& error) {
    return error.what();
  }
  return "accepted";
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(AutoencoderJson, TakesDiffusersDefaultsForAbsentKeys) {
  const AutoencoderConfig config = autoencoder_config_from_json("{}");
  EXPECT_EQ(config.scaling_factor, 0.18215);
  EXPECT_EQ(config.block_out_channels, std::vector<std::int64_t>{64});
  EXPECT_EQ(config.sample_size, ImageSize(32));
}

TEST(AutoencoderJson, EveryOptionComesBack) {
  AutoencoderConfig c;
  c.in_channels = 1;
  c.out_channels = 2;
  c.block_out_channels = {16, 16};
  c.down_attention = {false, true};
  c.up_attention = {true, false};
  c.layers_per_block = 0;
  c.act_fn = Activation::Mish;
  c.latent_channels = 2;
  c.norm_num_groups = 8;
  c.mid_block_add_attention = c.use_quant_conv = c.use_post_quant_conv = false;
  c.sample_size = {16, 32};
  c.scaling_factor = 0.5;
  c.shift_factor = 0.25;
  c.latents_mean = {0.5, -0.5};
  c.latents_std = {1, 2};
  const std::string text = to_json(c);
  EXPECT_EQ(to_json(autoencoder_config_from_json(text)), text);
  const json written = json::parse(text), ours = json::parse(to_json(AutoencoderConfig()));
  for (const auto& [key, value] : ours.items()) {  // so that none was forgotten above
    if (!key.starts_with("_") && key != "force_upcast") {
      EXPECT_NE(written.at(key), value) << key;
    }
  }
}

TEST(AutoencoderJson, RefusesByNameWhatTheNetworkCannotHonour) {
  EXPECT_EQ(refusal("force_upcast", false), "accepted");
  EXPECT_EQ(refusal("shift_factor", nullptr), "accepted");
  EXPECT_TRUE(mentions(refusal("act_fn", "tanh"), "act_fn = \"tanh\""));
  EXPECT_TRUE(mentions(refusal("new_option", 3), "new_option = 3"));
  const json types = {"DownEncoderBlock2D", "DownBlock2D", "DownEncoderBlock2D"};
  EXPECT_TRUE(mentions(refusal("down_block_types", types), "down_block_types = \"DownBlock2D\""));
  EXPECT_TRUE(mentions(refusal("up_block_types", {"UpDecoderBlock2D"}), "up_attention"));
  EXPECT_TRUE(mentions(refusal("latents_mean", {0.1}), "latents_mean"));
  EXPECT_TRUE(mentions(refusal("_class_name", "UNet2DModel"), "UNet2DModel"));
}

}  // namespace
}  // namespace ctforge::nets
