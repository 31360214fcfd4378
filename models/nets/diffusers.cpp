// Folders as diffusers writes and reads them.
#include "models/nets/diffusers.h"

#include "io/file/atomic_file.h"
#include "models/nets/weights.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace ctforge::nets {

namespace {

constexpr const char* kConfigFile = "config.json";
constexpr const char* kWeightsFile = "diffusion_pytorch_model.safetensors";

// What the parts of attention are called, and were called before.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kAttentionNames = {
    {{".to_q.", ".query."}, {".to_k.", ".key."}, {".to_v.", ".value."}, {".to_out.0.", ".proj_attn."}}};

// Renames those of the tensors that the module has under a new name only.
void modernise(const torch::nn::Module& module, NamedTensors& tensors) {
  for (const auto& [name, own] : named_tensors(module)) {
    if (tensors.contains(name)) continue;
    for (const auto& [now, before] : kAttentionNames) {
      const std::size_t at = name.find(now);
      if (at == std::string::npos) continue;
      auto found = tensors.extract(std::string(name).replace(at, now.size(), before));
      if (found.empty()) continue;
      found.key() = name;
      tensors.insert(std::move(found));
    }
  }
}

template <class Net>
void save_folder(const Net& net, const std::filesystem::path& folder) {
  save_weights(*net, folder / kWeightsFile, {}, torch::kFloat32);
  io::write_atomically(folder / kConfigFile, to_json(net->config()));
}

template <class Net>
Net load_folder(Net net, const std::filesystem::path& folder) {
  NamedTensors tensors = load_tensors(folder / kWeightsFile).tensors;
  modernise(*net, tensors);
  assign_tensors(*net, tensors, "the file's weights");
  net->eval();
  return net;
}

}  // namespace

void save_diffusers(const UNet& net, const std::filesystem::path& folder) { save_folder(net, folder); }
void save_diffusers(const Autoencoder& net, const std::filesystem::path& folder) { save_folder(net, folder); }

UNet load_unet(const std::filesystem::path& folder) {
  return load_folder(UNet(unet_config_from_json(io::read_whole_file(folder / kConfigFile))), folder);
}

Autoencoder load_autoencoder(const std::filesystem::path& folder) {
  return load_folder(Autoencoder(autoencoder_config_from_json(io::read_whole_file(folder / kConfigFile))), folder);
}

}  // namespace ctforge::nets
