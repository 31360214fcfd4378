// EfficientNet-Lite0 with the parameter names of the package's weight file.
#include "models/nets/lite0.h"

#include "models/nets/legacy_checkpoint.h"
#include "models/nets/weights.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace ctforge::nets {

using torch::Tensor;

namespace {

torch::nn::Conv2d lite0_convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                                    std::int64_t groups = 1) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).groups(groups).bias(false));
}

torch::nn::BatchNorm2d batch_norm(std::int64_t channels) {
  return torch::nn::BatchNorm2d(torch::nn::BatchNorm2dOptions(channels).eps(1e-3));
}

// TensorFlow's "SAME" padding: ceil(size/stride) outputs, an odd remainder at the right and lower side.
Tensor pad_same(const Tensor& x, std::int64_t kernel, std::int64_t stride) {
  const auto needed = [&](std::int64_t size) {
    return std::max<std::int64_t>(0, ((size + stride - 1) / stride - 1) * stride + kernel - size);
  };
  const std::int64_t rows = needed(x.size(2)), columns = needed(x.size(3));
  if (rows == 0 && columns == 0) return x;
  return torch::constant_pad_nd(x, {columns / 2, columns - columns / 2, rows / 2, rows - rows / 2});
}

struct Stage {
  std::int64_t repeats, kernel, stride, expansion, in_channels, out_channels;
};
// Tan and Le 2019, table 1, without compound scaling.
constexpr std::array<Stage, 7> kStages = {{
    {1, 3, 1, 1, 32, 16},
    {2, 3, 2, 6, 16, 24},
    {2, 5, 2, 6, 24, 40},
    {3, 3, 2, 6, 40, 80},
    {3, 5, 1, 6, 80, 112},
    {4, 5, 2, 6, 112, 192},
    {1, 3, 1, 6, 192, 320},
}};

}  // namespace

Lite0BlockImpl::Lite0BlockImpl(std::int64_t in_channels, std::int64_t out_channels, std::int64_t expansion,
                               std::int64_t kernel, std::int64_t stride)
    : kernel_(kernel), stride_(stride), residual_(stride == 1 && in_channels == out_channels) {
  const std::int64_t inner = in_channels * expansion;
  if (expansion != 1) {
    expand_conv = register_module("_expand_conv", lite0_convolution(in_channels, inner, 1, 1));
    bn0 = register_module("_bn0", batch_norm(inner));
  }
  depthwise_conv = register_module("_depthwise_conv", lite0_convolution(inner, inner, kernel, stride, inner));
  bn1 = register_module("_bn1", batch_norm(inner));
  project_conv = register_module("_project_conv", lite0_convolution(inner, out_channels, 1, 1));
  bn2 = register_module("_bn2", batch_norm(out_channels));
}

Tensor Lite0BlockImpl::forward(const Tensor& x) {
  Tensor hidden = expand_conv.is_empty() ? x : torch::relu6(bn0(expand_conv(x)));
  hidden = torch::relu6(bn1(depthwise_conv(pad_same(hidden, kernel_, stride_))));
  hidden = bn2(project_conv(hidden));
  return residual_ ? hidden + x : hidden;
}

Lite0Impl::Lite0Impl() {
  conv_stem = register_module("_conv_stem", lite0_convolution(3, 32, 3, 2));
  bn0 = register_module("_bn0", batch_norm(32));
  register_module("_blocks", blocks);
  for (const Stage& stage : kStages)
    for (std::int64_t i = 0; i < stage.repeats; ++i)
      blocks->push_back(Lite0Block(i == 0 ? stage.in_channels : stage.out_channels, stage.out_channels, stage.expansion,
                                   stage.kernel, i == 0 ? stage.stride : 1));
  conv_head = register_module("_conv_head", lite0_convolution(320, kLite0Features, 1, 1));
  bn1 = register_module("_bn1", batch_norm(kLite0Features));
  fc = register_module("_fc", torch::nn::Linear(kLite0Features, kLite0Classes));
}

Tensor Lite0Impl::features(const Tensor& x) {
  if (x.dim() != 4 || x.size(1) != 3 || x.size(2) != kLite0Size || x.size(3) != kLite0Size)
    throw std::invalid_argument("Lite0: x must be [N,3,224,224]");
  Tensor hidden = pad_same((x - 127.0) / 128.0, 3, 2);
  hidden = torch::relu6(bn0(conv_stem(hidden)));
  for (const auto& block : *blocks) hidden = block->as<Lite0BlockImpl>()->forward(hidden);
  hidden = torch::relu6(bn1(conv_head(hidden)));
  return hidden.mean({2, 3});
}

std::vector<Tensor> Lite0Impl::stages(const Tensor& x) {
  if (x.dim() != 4 || x.size(1) != 3) throw std::invalid_argument("Lite0: x must be [N,3,H,W]");
  Tensor hidden = torch::relu6(bn0(conv_stem(pad_same((x - 127.0) / 128.0, 3, 2))));
  std::vector<Tensor> results;
  std::size_t block = 0;
  for (const Stage& stage : kStages) {
    for (std::int64_t i = 0; i < stage.repeats; ++i) hidden = blocks[block++]->as<Lite0BlockImpl>()->forward(hidden);
    results.push_back(hidden);
  }
  return results;
}

Tensor Lite0Impl::classify(const Tensor& features) { return fc(features); }

Lite0 load_lite0(const std::filesystem::path& path) {
  Lite0 net;
  assign_tensors(*net, load_legacy_checkpoint(path), "the EfficientNet-Lite0 weights");
  net->eval();
  for (Tensor& parameter : net->parameters()) parameter.requires_grad_(false);
  return net;
}

}  // namespace ctforge::nets
