// Halving and doubling of the resolution.
#include "models/nets/resample.h"

#include <torch/utils.h>

namespace ctforge::nets {

using torch::Tensor;

namespace {

// One 4x4 filter of sum `gain` for each channel of x, [C,1,4,4].
Tensor binomial_filters(const Tensor& x, double gain) {
  const Tensor line = torch::tensor({1.0, 3.0, 3.0, 1.0}, torch::kFloat64) / 8;
  return (torch::outer(line, line) * gain).to(x.options().requires_grad(false)).expand({x.size(1), 1, 4, 4});
}

Tensor enlarged(const Tensor& x) { return torch::upsample_nearest2d(x, {x.size(2) * 2, x.size(3) * 2}); }

}  // namespace

Tensor binomial_half(const Tensor& x, Border border) {
  const bool reflected = border == Border::Reflected;
  const Tensor padded = reflected ? torch::reflection_pad2d(x, {1, 1, 1, 1}) : x;
  return torch::conv2d(padded, binomial_filters(x, 1), {}, 2, reflected ? 0 : 1, 1, x.size(1));
}

Tensor binomial_double(const Tensor& x, Border border) {
  // The transposed convolution is the sum of filters placed two pixels apart; its padding cuts what lies outside.
  const bool reflected = border == Border::Reflected;
  const Tensor padded = reflected ? torch::reflection_pad2d(x, {1, 1, 1, 1}) : x;
  return torch::conv_transpose2d(padded, binomial_filters(x, 4), {}, 2, reflected ? 3 : 1, 0, x.size(1));
}

Tensor resampled(const Tensor& x, Resample resample) {
  switch (resample) {
    case Resample::Average:
      return torch::avg_pool2d(x, 2, 2);
    case Resample::Nearest:
      return enlarged(x);
    case Resample::BinomialHalf:
      return binomial_half(x, Border::Zero);
    case Resample::BinomialDouble:
      return binomial_double(x, Border::Zero);
    case Resample::None:
      break;
  }
  return x;
}

DownsampleImpl::DownsampleImpl(std::int64_t channels, std::int64_t padding) : padding_(padding) {
  conv = register_module("conv",
                         torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, channels, 3).stride(2).padding(padding)));
}

Tensor DownsampleImpl::forward(const Tensor& x, const Tensor&) {
  return conv(padding_ == 0 ? torch::constant_pad_nd(x, {0, 1, 0, 1}) : x);
}

UpsampleImpl::UpsampleImpl(std::int64_t channels) {
  conv = register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, channels, 3).padding(1)));
}

Tensor UpsampleImpl::forward(const Tensor& x, const Tensor&) { return conv(enlarged(x)); }

}  // namespace ctforge::nets
