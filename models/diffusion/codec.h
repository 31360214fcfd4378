// What diffusion works on: an image and its label mask turned into one tensor, and back.
//
// A codec is a pair of functions, so nothing here knows a network: the pipeline binds the autoencoder.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <torch/types.h>

namespace ctforge::diffusion {

struct Decoded {
  torch::Tensor image;  // [N,1,H,W] float32 in [-1,1]
  torch::Tensor mask;   // [N,H,W] uint8 label values, below the number of labels
};

struct Codec {
  // (image [N,1,H,W] float32 in [-1,1], mask [N,H,W] integer label values) -> x_0 [N, shape...] float32.
  std::function<torch::Tensor(const torch::Tensor& image, const torch::Tensor& mask)> encode;
  // x_0 [N, shape...], any floating type -> image and mask.
  std::function<Decoded(const torch::Tensor& latents)> decode;
  std::vector<std::int64_t> shape;  // [C,h,w] of x_0
};

// Bits that tell `labels` label values apart: ceil(log2(labels)); 0 for one label. Throws std::invalid_argument unless
// labels is in 1 .. 256.
std::int64_t bit_count(std::int64_t labels);

// Analog bits (Chen, Zhang and Hinton 2023, section 2): mask [N,H,W] -> [N,bits,H,W] float32, +scale for a set bit and
// -scale for an unset one, least significant first.
torch::Tensor to_analog_bits(const torch::Tensor& mask, std::int64_t labels, double scale);
// The label whose bits are nearest: thresholding at 0 where every code is a label, and never a value that is no label.
// bits [N,bits,H,W] -> [N,H,W] uint8.
torch::Tensor from_analog_bits(const torch::Tensor& bits, std::int64_t labels);

// The identity: channels are the image and the mask's analog bits of the given scale.
Codec identity_codec(std::int64_t height, std::int64_t width, std::int64_t labels, double bit_scale = 1);

// An autoencoder's two halves, as functions. encode: image and mask as above -> raw latents [N,C,h,w] (for a
// variational autoencoder a fresh draw or the mean, as its owner wants). decode: raw latents -> image [N,1,H,W] of any
// range and mask logits [N,labels,H,W].
struct Autoencoder {
  std::function<torch::Tensor(const torch::Tensor& image, const torch::Tensor& mask)> encode;
  struct Output {
    torch::Tensor image;
    torch::Tensor mask_logits;
  };
  std::function<Output(const torch::Tensor& latents)> decode;
};

// x_0 = (raw - shift) * scale, with shift and scale [C] measured on the training set (scale = 1 / standard deviation,
// as diffusers' scaling_factor). Throws std::invalid_argument when they do not fit the shape or a scale is not
// positive.
Codec latent_codec(Autoencoder autoencoder, torch::Tensor shift, torch::Tensor scale, std::vector<std::int64_t> shape);

}  // namespace ctforge::diffusion
