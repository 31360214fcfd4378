// A patch discriminator: says of every region of an image how real it looks.
#pragma once

#include <cstdint>

#include <torch/nn/module.h>
#include <torch/nn/modules/container/sequential.h>

namespace ctforge::nets {

// Convolutions of 4x4 with stride 2 and leaky ReLU, channels doubled by each up to eight times the first, then two of
// stride 1 (Isola et al. 2017, appendix 6.1.2), with group normalisation, which needs no statistics of a batch.
class DiscriminatorImpl : public torch::nn::Module {
 public:
  // levels: how many convolutions halve the resolution; 3 see regions of 70x70 pixels. Throws std::invalid_argument
  // unless channels is a positive multiple of 8 and there is a level.
  DiscriminatorImpl(std::int64_t in_channels, std::int64_t channels, std::int64_t levels);
  // x [N,in,H,W] -> [N,1,h,w]: the higher the more real.
  torch::Tensor forward(const torch::Tensor& x) { return layers->forward(x); }

 private:
  torch::nn::Sequential layers{nullptr};
};
TORCH_MODULE(Discriminator);

}  // namespace ctforge::nets
