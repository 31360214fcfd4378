// Layers of a style-based generator and its discriminator: weights of unit variance that are scaled when they are used
// (equalised learning rate; Karras et al. 2018, section 4.1), and convolutions that a style modulates (Karras et al.
// 2020, section 2.2).
#pragma once

#include <cstdint>

#include <torch/nn/module.h>
#include <torch/types.h>

namespace ctforge::nets {

// max(x, 0.2 x) times sqrt(2), which keeps the variance.
torch::Tensor scaled_leaky_relu(const torch::Tensor& x);

class EqualisedLinearImpl : public torch::nn::Module {
 public:
  // bias: what each bias begins with.
  EqualisedLinearImpl(std::int64_t in, std::int64_t out, double bias = 0);
  torch::Tensor forward(const torch::Tensor& x);  // [N,in] -> [N,out]

 private:
  double gain_;
  torch::Tensor weight, bias_;
};
TORCH_MODULE(EqualisedLinear);

// Stride 1, as large as its input.
class EqualisedConvImpl : public torch::nn::Module {
 public:
  EqualisedConvImpl(std::int64_t in, std::int64_t out, std::int64_t kernel);
  torch::Tensor forward(const torch::Tensor& x);  // [N,in,H,W] -> [N,out,H,W]

 private:
  double gain_;
  torch::Tensor weight, bias;
};
TORCH_MODULE(EqualisedConv);

// The style scales the input's channels; with demodulation each output channel is divided by the norm that its weights
// then have (Karras et al. 2020, eqs. 1 and 3).
class ModulatedConvImpl : public torch::nn::Module {
 public:
  ModulatedConvImpl(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t style_channels,
                    bool demodulate);
  // x [N,in,H,W], style [N,style_channels] -> [N,out,H,W].
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& style);

 private:
  double gain_;
  bool demodulate_;
  EqualisedLinear affine{nullptr};
  torch::Tensor weight, bias;
};
TORCH_MODULE(ModulatedConv);

}  // namespace ctforge::nets
