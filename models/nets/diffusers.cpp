// Folders as diffusers writes and reads them.
#include "models/nets/diffusers.h"

#include "io/atomic_file.h"
#include "io/fault.h"
#include "models/nets/weights.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::nets {

using nlohmann::json;

namespace {

constexpr const char* kVersion = "0.31.0";  // the oldest release whose reader knows every key written
constexpr const char* kConfigFile = "config.json";
constexpr const char* kWeightsFile = "diffusion_pytorch_model.safetensors";

// Reads a configuration key by key and remembers which were used, so that the rest can be refused.
class Reader {
 public:
  Reader(const std::string& text, const std::string& class_name) {
    values_ = json::parse(text, nullptr, false);
    if (!values_.is_object()) throw io::DataError(io::Fault::InvalidHeader, "config.json is not a JSON object");
    const auto name = values_.find("_class_name");
    if (name != values_.end() && *name != class_name)
      throw io::DataError(io::Fault::UnsupportedFormat,
                          "config.json describes " + name->dump() + ", expected \"" + class_name + "\"");
  }

  // The value of a key, or diffusers' default where the key is absent (and, if so said, where it is null).
  template <class T>
  T get(const std::string& key, const T& absent, bool null_is_absent = false) {
    used_.push_back(key);
    const auto found = values_.find(key);
    if (found == values_.end() || (null_is_absent && found->is_null())) return absent;
    try {
      return found->get<T>();
    } catch (const json::exception&) {
      throw io::DataError(io::Fault::InvalidHeader,
                          "config.json: " + key + " has an unexpected value " + found->dump());
    }
  }

  // A key that must have one of these values where it is present.
  void expect(const std::string& key, const std::vector<json>& honoured) {
    used_.push_back(key);
    const auto found = values_.find(key);
    if (found == values_.end() || std::find(honoured.begin(), honoured.end(), *found) != honoured.end()) return;
    refused_.push_back(key + " = " + found->dump());
  }
  void ignore(const std::string& key) { used_.push_back(key); }
  void refuse(const std::string& what) { refused_.push_back(what); }

  // Throws where keys or values were found that the network cannot honour.
  void finish() const {
    std::vector<std::string> refused = refused_;
    for (const auto& [key, value] : values_.items()) {
      const bool known =
          key.starts_with("_") || value.is_null() || std::find(used_.begin(), used_.end(), key) != used_.end();
      if (!known) refused.push_back(key + " = " + value.dump());
    }
    if (refused.empty()) return;
    std::string message = "config.json asks for what this network does not have:";
    for (const std::string& what : refused) message += " " + what + ";";
    message.pop_back();
    throw io::DataError(io::Fault::UnsupportedFormat, message);
  }

  // A size given as one number or as equal height and width; null: as absent.
  std::int64_t size(const std::string& key, std::int64_t absent) {
    const auto found = values_.find(key);
    if (found == values_.end() || !found->is_array()) return get(key, absent, true);
    const auto sides = get<std::vector<std::int64_t>>(key, {});
    if (sides.size() != 2 || sides[0] != sides[1]) refuse(key + " = " + found->dump());
    return sides.empty() ? absent : sides[0];
  }

 private:
  json values_;
  std::vector<std::string> used_, refused_;
};

template <class Config>
Config checked(const Config& config) {
  try {
    validate(config);
  } catch (const std::invalid_argument& error) {
    throw io::DataError(io::Fault::InvalidHeader, std::string("config.json: ") + error.what());
  }
  return config;
}

// Which levels attend, from the names of the blocks on the way down and up.
std::vector<bool> attention_of(Reader& reader) {
  const auto down = reader.get<std::vector<std::string>>(
      "down_block_types", {"DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"});
  const auto up = reader.get<std::vector<std::string>>(
      "up_block_types", {"AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"});
  std::vector<bool> attention;
  for (const std::string& type : down) {
    if (type != "DownBlock2D" && type != "AttnDownBlock2D") reader.refuse("down_block_types = " + type);
    attention.push_back(type == "AttnDownBlock2D");
  }
  for (std::size_t i = 0; i < up.size(); ++i) {
    const std::size_t level = up.size() - 1 - i;
    const bool attends = level < attention.size() && attention[level];
    if (up[i] != (attends ? "AttnUpBlock2D" : "UpBlock2D"))
      reader.refuse("up_block_types = " + up[i] + " (level " + std::to_string(level) + ")");
  }
  if (up.size() != down.size()) reader.refuse("up_block_types of another length than down_block_types");
  return attention;
}

template <class Net>
void save_folder(const Net& net, const std::filesystem::path& folder) {
  save_weights(*net, folder / kWeightsFile, {}, torch::kFloat32);
  io::write_atomically(folder / kConfigFile, to_json(net->config()));
}

template <class Net>
Net load_folder(Net net, const std::filesystem::path& folder) {
  load_weights(*net, folder / kWeightsFile);
  net->eval();
  return net;
}

}  // namespace

std::string to_json(const UNetConfig& c) {
  std::vector<std::string> down, up;
  for (const bool attends : c.attention) {
    down.push_back(attends ? "AttnDownBlock2D" : "DownBlock2D");
    up.insert(up.begin(), attends ? "AttnUpBlock2D" : "UpBlock2D");
  }
  return json{{"_class_name", "UNet2DModel"},
              {"_diffusers_version", kVersion},
              {"act_fn", "silu"},
              {"add_attention", true},
              {"attention_head_dim", c.attention_head_dim},
              {"attn_norm_num_groups", nullptr},
              {"block_out_channels", c.block_out_channels},
              {"center_input_sample", false},
              {"class_embed_type", nullptr},
              {"down_block_types", down},
              {"downsample_padding", c.downsample_padding},
              {"downsample_type", "conv"},
              {"dropout", c.dropout},
              {"flip_sin_to_cos", c.flip_sin_to_cos},
              {"freq_shift", c.freq_shift},
              {"in_channels", c.in_channels},
              {"layers_per_block", c.layers_per_block},
              {"mid_block_scale_factor", 1},
              {"norm_eps", c.norm_eps},
              {"norm_num_groups", c.norm_num_groups},
              {"num_class_embeds", c.num_class_embeds > 0 ? json(c.num_class_embeds) : json(nullptr)},
              {"num_train_timesteps", nullptr},
              {"out_channels", c.out_channels},
              {"resnet_time_scale_shift", "default"},
              {"sample_size", c.sample_size},
              {"time_embedding_type", "positional"},
              {"up_block_types", up},
              {"upsample_type", "conv"}}
             .dump(2) +
         "\n";
}

std::string to_json(const AutoencoderConfig& c) {
  const std::size_t levels = c.block_out_channels.size();
  return json{{"_class_name", "AutoencoderKL"},
              {"_diffusers_version", kVersion},
              {"act_fn", "silu"},
              {"block_out_channels", c.block_out_channels},
              {"down_block_types", std::vector<std::string>(levels, "DownEncoderBlock2D")},
              {"force_upcast", true},
              {"in_channels", c.in_channels},
              {"latent_channels", c.latent_channels},
              {"latents_mean", nullptr},
              {"latents_std", nullptr},
              {"layers_per_block", c.layers_per_block},
              {"mid_block_add_attention", c.mid_block_add_attention},
              {"norm_num_groups", c.norm_num_groups},
              {"out_channels", c.out_channels},
              {"sample_size", c.sample_size},
              {"scaling_factor", c.scaling_factor},
              {"shift_factor", c.shift_factor},
              {"up_block_types", std::vector<std::string>(levels, "UpDecoderBlock2D")},
              {"use_post_quant_conv", c.use_post_quant_conv},
              {"use_quant_conv", c.use_quant_conv}}
             .dump(2) +
         "\n";
}

// Absent keys get the defaults of UNet2DModel's constructor, which are not those of UNetConfig.
UNetConfig unet_config_from_json(const std::string& text) {
  Reader reader(text, "UNet2DModel");
  UNetConfig c;
  c.sample_size = reader.size("sample_size", c.sample_size);
  c.in_channels = reader.get<std::int64_t>("in_channels", 3);
  c.out_channels = reader.get<std::int64_t>("out_channels", 3);
  c.block_out_channels = reader.get<std::vector<std::int64_t>>("block_out_channels", {224, 448, 672, 896});
  c.attention = attention_of(reader);
  c.layers_per_block = reader.get<std::int64_t>("layers_per_block", 2);
  c.attention_head_dim = reader.get<std::int64_t>("attention_head_dim", 8);
  c.norm_num_groups = reader.get<std::int64_t>("norm_num_groups", 32);
  c.norm_eps = reader.get("norm_eps", 1e-5);
  c.freq_shift = reader.get<std::int64_t>("freq_shift", 0);
  c.flip_sin_to_cos = reader.get("flip_sin_to_cos", true);
  c.downsample_padding = reader.get<std::int64_t>("downsample_padding", 1);
  c.num_class_embeds = reader.get<std::int64_t>("num_class_embeds", 0, true);
  c.dropout = reader.get("dropout", 0.0);
  reader.expect("act_fn", {"silu", "swish"});
  reader.expect("add_attention", {true});
  reader.expect("attn_norm_num_groups", {nullptr, c.norm_num_groups});
  reader.expect("center_input_sample", {false});
  reader.expect("class_embed_type", {nullptr});
  reader.expect("downsample_type", {"conv"});
  reader.expect("upsample_type", {"conv"});
  reader.expect("mid_block_scale_factor", {1});
  reader.expect("mid_block_type", {"UNetMidBlock2D"});
  reader.expect("resnet_time_scale_shift", {"default"});
  reader.expect("time_embedding_type", {"positional"});
  reader.expect("time_embedding_dim", {nullptr, 4 * (c.block_out_channels.empty() ? 0 : c.block_out_channels[0])});
  reader.ignore("num_train_timesteps");  // used by learned time embeddings only
  reader.finish();
  return checked(c);
}

AutoencoderConfig autoencoder_config_from_json(const std::string& text) {
  Reader reader(text, "AutoencoderKL");
  AutoencoderConfig c;
  c.in_channels = reader.get<std::int64_t>("in_channels", 3);
  c.out_channels = reader.get<std::int64_t>("out_channels", 3);
  c.block_out_channels = reader.get<std::vector<std::int64_t>>("block_out_channels", {64});
  c.layers_per_block = reader.get<std::int64_t>("layers_per_block", 1);
  c.latent_channels = reader.get<std::int64_t>("latent_channels", 4);
  c.norm_num_groups = reader.get<std::int64_t>("norm_num_groups", 32);
  c.sample_size = reader.size("sample_size", 32);
  c.scaling_factor = reader.get("scaling_factor", 0.18215);
  c.shift_factor = reader.get("shift_factor", 0.0, true);
  c.mid_block_add_attention = reader.get("mid_block_add_attention", true);
  c.use_quant_conv = reader.get("use_quant_conv", true);
  c.use_post_quant_conv = reader.get("use_post_quant_conv", true);
  const std::size_t levels = c.block_out_channels.size();
  reader.expect("down_block_types", {std::vector<std::string>(levels, "DownEncoderBlock2D")});
  reader.expect("up_block_types", {std::vector<std::string>(levels, "UpDecoderBlock2D")});
  reader.expect("act_fn", {"silu", "swish"});
  reader.expect("latents_mean", {nullptr});
  reader.expect("latents_std", {nullptr});
  reader.ignore("force_upcast");  // how a pipeline runs the network, not what it computes
  reader.finish();
  return checked(c);
}

void save_diffusers(const UNet& net, const std::filesystem::path& folder) { save_folder(net, folder); }
void save_diffusers(const Autoencoder& net, const std::filesystem::path& folder) { save_folder(net, folder); }

UNet load_unet(const std::filesystem::path& folder) {
  return load_folder(UNet(unet_config_from_json(io::read_whole_file(folder / kConfigFile))), folder);
}

Autoencoder load_autoencoder(const std::filesystem::path& folder) {
  return load_folder(Autoencoder(autoencoder_config_from_json(io::read_whole_file(folder / kConfigFile))), folder);
}

}  // namespace ctforge::nets
