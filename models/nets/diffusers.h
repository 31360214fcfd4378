// Folders as diffusers writes and reads them: config.json and diffusion_pytorch_model.safetensors.
#pragma once

#include "models/nets/autoencoder.h"
#include "models/nets/unet.h"

#include <filesystem>
#include <string>

namespace ctforge::nets {

// The text of config.json. Reading accepts every key of UNet2DModel (AutoencoderKL) whose value this network can
// honour and throws io::DataError(UnsupportedFormat) naming the keys and values it cannot, InvalidHeader for text that
// is not such a configuration.
std::string to_json(const UNetConfig& config);
std::string to_json(const AutoencoderConfig& config);
UNetConfig unet_config_from_json(const std::string& text);
AutoencoderConfig autoencoder_config_from_json(const std::string& text);

// Makes the folder where needed and writes both files, each atomically; float32.
void save_diffusers(const UNet& net, const std::filesystem::path& folder);
void save_diffusers(const Autoencoder& net, const std::filesystem::path& folder);

// The network with its weights, on the CPU, in eval() mode. Throws io::DataError as the functions above and as
// load_weights do.
UNet load_unet(const std::filesystem::path& folder);
Autoencoder load_autoencoder(const std::filesystem::path& folder);

}  // namespace ctforge::nets
