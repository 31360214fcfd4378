// The autoencoder's configuration as config.json of diffusers' AutoencoderKL.
#include "models/nets/autoencoder_json.h"

#include "models/nets/config_reader.h"
#include "models/nets/config_writer.h"

#include <vector>

namespace ctforge::nets {

using nlohmann::json;

namespace {

const std::vector<std::string> kDown = {"DownEncoderBlock2D", "AttnDownEncoderBlock2D"};
const std::vector<std::string> kUp = {"UpDecoderBlock2D", "AttnUpDecoderBlock2D"};

// Which levels attend; names: those of levels without and with attention.
std::vector<bool> attention(ConfigReader& reader, const std::string& key, const std::vector<std::string>& names) {
  std::vector<bool> attends;
  for (const std::string& given : reader.texts(key, {names[0]})) {
    const std::string plain = given.starts_with("UNetRes") ? given.substr(7) : given;  // an old prefix
    if (plain != names[0] && plain != names[1]) reader.refuse(key, given);
    attends.push_back(plain == names[1]);
  }
  return attends;
}

std::vector<std::string> names_of(const std::vector<bool>& attends, std::size_t levels,
                                  const std::vector<std::string>& names) {
  std::vector<std::string> types(levels, names[0]);
  for (std::size_t i = 0; i < attends.size(); ++i)
    if (attends[i]) types[i] = names[1];
  return types;
}

json list_or_null(const std::vector<double>& values) { return values.empty() ? json(nullptr) : json(values); }

}  // namespace

std::string to_json(const AutoencoderConfig& c) {
  const std::size_t levels = c.block_out_channels.size();
  return json{{"_class_name", "AutoencoderKL"},
              {"_diffusers_version", kDiffusersVersion},
              {"act_fn", activation_name(c.act_fn)},
              {"block_out_channels", c.block_out_channels},
              {"down_block_types", names_of(c.down_attention, levels, kDown)},
              {"force_upcast", true},
              {"in_channels", c.in_channels},
              {"latent_channels", c.latent_channels},
              {"latents_mean", list_or_null(c.latents_mean)},
              {"latents_std", list_or_null(c.latents_std)},
              {"layers_per_block", c.layers_per_block},
              {"mid_block_add_attention", c.mid_block_add_attention},
              {"norm_num_groups", c.norm_num_groups},
              {"out_channels", c.out_channels},
              {"sample_size", size_or_null(c.sample_size)},
              {"scaling_factor", c.scaling_factor},
              {"shift_factor", c.shift_factor},
              {"up_block_types", names_of(c.up_attention, levels, kUp)},
              {"use_post_quant_conv", c.use_post_quant_conv},
              {"use_quant_conv", c.use_quant_conv}}
             .dump(2) +
         "\n";
}

AutoencoderConfig autoencoder_config_from_json(const std::string& text) {
  ConfigReader reader(text, "AutoencoderKL");
  AutoencoderConfig c;
  c.in_channels = reader.integer("in_channels", 3);
  c.out_channels = reader.integer("out_channels", 3);
  c.block_out_channels = reader.integers("block_out_channels", {64});
  c.down_attention = attention(reader, "down_block_types", kDown);
  c.up_attention = attention(reader, "up_block_types", kUp);
  c.layers_per_block = reader.integer("layers_per_block", 1);
  c.act_fn = reader.activation("act_fn", Activation::Silu);
  c.latent_channels = reader.integer("latent_channels", 4);
  c.norm_num_groups = reader.integer("norm_num_groups", 32);
  c.mid_block_add_attention = reader.flag("mid_block_add_attention", true);
  c.use_quant_conv = reader.flag("use_quant_conv", true);
  c.use_post_quant_conv = reader.flag("use_post_quant_conv", true);
  c.sample_size = reader.size("sample_size", 32);
  c.scaling_factor = reader.number("scaling_factor", 0.18215);
  c.shift_factor = reader.number_or_null("shift_factor", 0);
  c.latents_mean = reader.numbers_or_null("latents_mean");
  c.latents_std = reader.numbers_or_null("latents_std");
  reader.ignore("force_upcast");  // how a pipeline runs the network, not what it computes
  reader.finish();
  return validated_config(c);
}

}  // namespace ctforge::nets
