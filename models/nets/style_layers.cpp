// Equalised and modulated layers.
#include "models/nets/style_layers.h"

#include <cmath>
#include <numbers>

#include <torch/nn/functional/activation.h>
#include <torch/nn/functional/conv.h>

namespace ctforge::nets {

namespace F = torch::nn::functional;

namespace {

double gain_of(std::int64_t fan_in) { return 1 / std::sqrt(static_cast<double>(fan_in)); }

torch::Tensor convolved(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias) {
  return F::conv2d(x, weight, F::Conv2dFuncOptions().bias(bias).padding(weight.size(2) / 2));
}

}  // namespace

torch::Tensor scaled_leaky_relu(const torch::Tensor& x) { return torch::leaky_relu(x, 0.2) * std::numbers::sqrt2; }

EqualisedLinearImpl::EqualisedLinearImpl(std::int64_t in, std::int64_t out, double bias) : gain_(gain_of(in)) {
  weight = register_parameter("weight", torch::randn({out, in}));
  bias_ = register_parameter("bias", torch::full({out}, bias));
}

torch::Tensor EqualisedLinearImpl::forward(const torch::Tensor& x) { return F::linear(x, weight * gain_, bias_); }

EqualisedConvImpl::EqualisedConvImpl(std::int64_t in, std::int64_t out, std::int64_t kernel)
    : gain_(gain_of(in * kernel * kernel)) {
  weight = register_parameter("weight", torch::randn({out, in, kernel, kernel}));
  bias = register_parameter("bias", torch::zeros({out}));
}

torch::Tensor EqualisedConvImpl::forward(const torch::Tensor& x) { return convolved(x, weight * gain_, bias); }

ModulatedConvImpl::ModulatedConvImpl(std::int64_t in, std::int64_t out, std::int64_t kernel,
                                     std::int64_t style_channels, bool demodulate)
    : gain_(gain_of(in * kernel * kernel)), demodulate_(demodulate) {
  affine = register_module("affine", EqualisedLinear(style_channels, in, 1.0));
  weight = register_parameter("weight", torch::randn({out, in, kernel, kernel}));
  bias = register_parameter("bias", torch::zeros({out}));
}

torch::Tensor ModulatedConvImpl::forward(const torch::Tensor& x, const torch::Tensor& style) {
  const auto scale = affine->forward(style);  // [N,in]
  const auto scaled = weight * gain_;
  // Scaling the input and the output is the same as scaling the weights of every sample, and needs no grouped
  // convolution.
  auto y = convolved(x * scale.unsqueeze(2).unsqueeze(3).to(x.scalar_type()), scaled, {});
  if (demodulate_) {
    const auto squares = scaled.to(torch::kFloat32).square().sum({2, 3});  // [out,in]
    const auto norm = torch::matmul(scale.to(torch::kFloat32).square(), squares.t()).add(1e-8).rsqrt();
    y = y * norm.unsqueeze(2).unsqueeze(3).to(y.scalar_type());
  }
  return y + bias.view({1, -1, 1, 1}).to(y.scalar_type());
}

}  // namespace ctforge::nets
