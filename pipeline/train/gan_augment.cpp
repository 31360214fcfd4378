// Shifts, cutouts, brightness and contrast.
#include "pipeline/train/gan_augment.h"

#include <torch/nn/functional/padding.h>

namespace ctforge::pipeline {

namespace {

constexpr double kShift = 1.0 / 8, kCutout = 0.5;

torch::Tensor shifted(const torch::Tensor& x, const torch::Tensor& shift) {
  namespace F = torch::nn::functional;
  const std::int64_t height = x.size(2), width = x.size(3);
  const auto options = torch::TensorOptions().dtype(torch::kInt64).device(x.device());
  const auto item = torch::arange(x.size(0), options).view({-1, 1, 1});
  // One pixel of zeros around the image; whatever lies farther out is read there.
  const auto row =
      (torch::arange(height, options).view({1, -1, 1}) - shift.select(1, 0).view({-1, 1, 1}) + 1).clamp(0, height + 1);
  const auto column =
      (torch::arange(width, options).view({1, 1, -1}) - shift.select(1, 1).view({-1, 1, 1}) + 1).clamp(0, width + 1);
  const auto padded = F::pad(x, F::PadFuncOptions({1, 1, 1, 1})).permute({0, 2, 3, 1});
  return padded.index({item, row, column}).permute({0, 3, 1, 2});
}

torch::Tensor with_cutout(const torch::Tensor& x, const torch::Tensor& centre) {
  const auto outside = [&](std::int64_t dimension, std::int64_t size) {
    const auto half = static_cast<double>(size) * kCutout / 2;
    const auto at = torch::arange(size, torch::TensorOptions().dtype(torch::kInt64).device(x.device()));
    return (at.view({1, -1}) - centre.select(1, dimension).view({-1, 1})).abs().ge(half);  // [n,size]
  };
  const auto kept = outside(0, x.size(2)).unsqueeze(2).logical_or(outside(1, x.size(3)).unsqueeze(1));
  return x * kept.unsqueeze(1).to(x.scalar_type());
}

}  // namespace

GanAugmentation draw_gan_augmentation(std::int64_t n, std::int64_t height, std::int64_t width, bool grey,
                                      torch::Generator& generator) {
  const auto below = [&](std::int64_t low, std::int64_t high) {
    return torch::randint(low, high, {n}, generator, torch::kInt64);
  };
  const auto most = [](std::int64_t size) {
    return static_cast<std::int64_t>(static_cast<double>(size) * kShift + 0.5);
  };
  GanAugmentation drawn;
  drawn.shift = torch::stack({below(-most(height), most(height) + 1), below(-most(width), most(width) + 1)}, 1);
  drawn.cutout = torch::stack({below(0, height + 1), below(0, width + 1)}, 1);
  if (!grey) return drawn;
  drawn.brightness = torch::rand({n}, generator) - 0.5;
  drawn.contrast = torch::rand({n}, generator) + 0.5;
  return drawn;
}

torch::Tensor augmented(const torch::Tensor& x, const GanAugmentation& augmentation) {
  auto y = x;
  if (augmentation.brightness.defined()) {
    const auto each = [&](const torch::Tensor& values) { return values.to(x.device()).view({-1, 1, 1, 1}); };
    auto image = y.narrow(1, 0, 1) + each(augmentation.brightness);
    const auto mean = image.mean({2, 3}, true);
    image = (image - mean) * each(augmentation.contrast) + mean;
    y = torch::cat({image, y.narrow(1, 1, y.size(1) - 1)}, 1);
  }
  return with_cutout(shifted(y, augmentation.shift.to(x.device())), augmentation.cutout.to(x.device()));
}

}  // namespace ctforge::pipeline
