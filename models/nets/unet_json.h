// The U-Net's configuration as config.json of diffusers' UNet2DModel.
#pragma once

#include "models/nets/unet_config.h"

#include <string>

namespace ctforge::nets {

std::string to_json(const UNetConfig& config);
// Absent keys get the defaults of UNet2DModel's constructor, which are not those of UNetConfig. Throws
// io::DataError(UnsupportedFormat) naming the keys and values that this network cannot honour, InvalidHeader for text
// that is no such configuration and for values of which diffusers too can make no network that runs, naming the key.
UNetConfig unet_config_from_json(const std::string& text);

}  // namespace ctforge::nets
