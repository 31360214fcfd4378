// The autoencoder's configuration as config.json of diffusers' AutoencoderKL.
#pragma once

#include "models/nets/autoencoder.h"

#include <string>

namespace ctforge::nets {

std::string to_json(const AutoencoderConfig& config);
// Absent keys get the defaults of AutoencoderKL's constructor, which are not those of AutoencoderConfig. Throws
// io::DataError(UnsupportedFormat) naming the keys and values that this network cannot honour, InvalidHeader for text
// that is no such configuration and for values that contradict each other, naming the key.
AutoencoderConfig autoencoder_config_from_json(const std::string& text);

}  // namespace ctforge::nets
