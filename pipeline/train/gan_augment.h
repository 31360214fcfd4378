// Augmentation through which gradients flow, so that a discriminator that never sees a patch as it is still teaches the
// generator to make patches as they are (Zhao, Liu, Lin, Zhu and Han 2020, "Differentiable Augmentation for
// Data-Efficient GAN Training").
#pragma once

#include <cstdint>

#include <torch/types.h>

namespace ctforge::pipeline {

// What is done to each of n samples, drawn beforehand so that it can be done to others alike.
struct GanAugmentation {
  torch::Tensor shift;       // [n,2] int64 pixels in y and x, up to an eighth of the edge either way
  torch::Tensor cutout;      // [n,2] int64 centre of the square, half as wide as the image, that is set to 0
  torch::Tensor brightness;  // [n] float32 in [-0.5,0.5], added; undefined: not
  torch::Tensor contrast;    // [n] float32 in [0.5,1.5], about the image's mean; undefined: not
};

// grey: brightness and contrast too, which are for images and mean nothing for latents.
GanAugmentation draw_gan_augmentation(std::int64_t n, std::int64_t height, std::int64_t width, bool grey,
                                      torch::Generator& generator);

// x [n,C,H,W]; brightness and contrast act on channel 0, the image. What a shift uncovers is 0.
torch::Tensor augmented(const torch::Tensor& x, const GanAugmentation& augmentation);

}  // namespace ctforge::pipeline
