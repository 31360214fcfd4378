// Encoding and decoding of large images in overlapping tiles, so that memory does not grow with the image.
#pragma once

#include "models/nets/autoencoder.h"

#include <cstdint>

#include <torch/types.h>

namespace ctforge::nets {

// The tiling of diffusers' AutoencoderKL: tiles of `tile` latent pixels along an edge, every next one begun a quarter
// of a tile before the last one ends, where the two are blended linearly. What attention and group normalisation see is
// one tile, so that results differ a little from those of the whole image.
struct Tiling {
  std::int64_t tile = 0;  // latent pixels; 0: never
  double overlap = 0.25;  // part of a tile, in [0, 0.5]
};

// As net->encode and net->decode; images that one tile holds are not divided. Throws std::invalid_argument as they do,
// for a tile below 0 and an overlap out of range.
Moments encode_tiled(Autoencoder& net, const torch::Tensor& x, const Tiling& tiling);
torch::Tensor decode_tiled(Autoencoder& net, const torch::Tensor& z, const Tiling& tiling);

}  // namespace ctforge::nets
