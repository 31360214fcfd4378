// Folders as diffusers writes and reads them: config.json and diffusion_pytorch_model.safetensors.
#pragma once

#include "models/nets/autoencoder.h"
#include "models/nets/autoencoder_json.h"
#include "models/nets/unet.h"
#include "models/nets/unet_json.h"

#include <filesystem>

namespace ctforge::nets {

// Makes the folder where needed and writes both files, each atomically; float32.
void save_diffusers(const UNet& net, const std::filesystem::path& folder);
void save_diffusers(const Autoencoder& net, const std::filesystem::path& folder);

// The network with its weights, on the CPU, in eval() mode. Names that diffusers gave the parts of attention before its
// release 0.15 (query, key, value, proj_attn) are known. Throws io::DataError as unet_config_from_json,
// autoencoder_config_from_json and load_weights do.
UNet load_unet(const std::filesystem::path& folder);
Autoencoder load_autoencoder(const std::filesystem::path& folder);

}  // namespace ctforge::nets
