// Random affine maps and intensity changes of training patches.
#include "eval/augment.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include <torch/nn/functional/upsampling.h>
#include <torch/nn/functional/vision.h>

namespace ctforge::eval {
namespace {

namespace F = torch::nn::functional;

torch::Tensor uniform(std::int64_t count, double limit, torch::Generator& generator) {
  return (torch::rand({count}, generator) * 2 - 1) * limit;
}

// [n,2,3] maps from output to input places in normalised coordinates, where a patch that is not square keeps angles.
torch::Tensor affine_maps(std::int64_t count, double aspect, const Augmentation& augmentation,
                          torch::Generator& generator) {
  const torch::Tensor angle = uniform(count, augmentation.rotation_degrees * std::numbers::pi / 180, generator);
  const torch::Tensor scale = uniform(count, augmentation.log_scale, generator).exp();
  const torch::Tensor move_x = uniform(count, augmentation.translation, generator);
  const torch::Tensor move_y = uniform(count, augmentation.translation, generator);
  const torch::Tensor cosine = angle.cos() * scale, sine = angle.sin() * scale;
  return torch::stack(
      {torch::stack({cosine, -sine * aspect, move_x}, 1), torch::stack({sine / aspect, cosine, move_y}, 1)}, 1);
}

torch::Tensor retone(const torch::Tensor& image, const Augmentation& augmentation, torch::Generator& generator) {
  const std::int64_t count = image.size(0);
  const auto each = [count](const torch::Tensor& values) { return values.view({count, 1, 1, 1}); };
  const torch::Tensor gamma = each(uniform(count, augmentation.log_gamma, generator).exp());
  const torch::Tensor contrast = each(uniform(count, augmentation.contrast, generator) + 1);
  const torch::Tensor shift = each(uniform(count, augmentation.shift, generator));
  const torch::Tensor deviation = each(torch::rand({count}, generator) * augmentation.noise);
  const torch::Tensor noise = torch::randn(image.sizes(), generator) * deviation;
  const torch::Tensor toned = ((image + 1) / 2).clamp(0, 1).pow(gamma) * 2 - 1;
  return (toned * contrast + shift + noise).clamp(-1, 1);
}

constexpr std::int64_t kControlPoints = 5;  // of elastic displacements, along each edge

// [n,H,W,2], added to a grid.
torch::Tensor displacements(const torch::Tensor& image, double deviation, torch::Generator& generator) {
  const torch::Tensor coarse = torch::randn({image.size(0), 2, kControlPoints, kControlPoints}, generator) * deviation;
  auto options = F::InterpolateFuncOptions().mode(torch::kBicubic).align_corners(true);
  return F::interpolate(coarse, options.size(std::vector<std::int64_t>{image.size(2), image.size(3)}))
      .permute({0, 2, 3, 1});
}

void check_shapes(const LabelledImages& batch) {
  if (batch.image.dim() != 4 || batch.image.size(1) != 1 || batch.label.dim() != 3 ||
      batch.label.size(0) != batch.image.size(0) || batch.label.size(1) != batch.image.size(2) ||
      batch.label.size(2) != batch.image.size(3)) {
    throw std::invalid_argument("augment takes images [n,1,H,W] and labels [n,H,W]");
  }
}

// grid [n,H,W,2]: of each place in the result, the place in the patch.
LabelledImages sampled_at(const LabelledImages& batch, const torch::Tensor& grid) {
  auto options = F::GridSampleFuncOptions().padding_mode(torch::kZeros).align_corners(false);
  // Zero padding stands for air once air is at zero.
  const torch::Tensor image = F::grid_sample(batch.image + 1, grid, options.mode(torch::kBilinear)) - 1;
  const torch::Tensor label =
      F::grid_sample(batch.label.unsqueeze(1).to(torch::kFloat32), grid, options.mode(torch::kNearest));
  return {image, label.squeeze(1).to(torch::kInt64)};
}

}  // namespace

Augmentation stronger(Augmentation augmentation, double factor) {
  for (double* range :
       {&augmentation.rotation_degrees, &augmentation.log_scale, &augmentation.translation, &augmentation.log_gamma,
        &augmentation.contrast, &augmentation.shift, &augmentation.noise, &augmentation.elastic})
    *range *= factor;
  return augmentation;
}

LabelledImages moved(const LabelledImages& batch, const torch::Tensor& maps) {
  check_shapes(batch);
  return sampled_at(batch, F::affine_grid(maps, batch.image.sizes(), false));
}

LabelledImages moved_at_random(const LabelledImages& batch, const Augmentation& augmentation,
                               torch::Generator& generator) {
  check_shapes(batch);
  const double aspect = static_cast<double>(batch.image.size(2)) / static_cast<double>(batch.image.size(3));
  const torch::Tensor maps = affine_maps(batch.image.size(0), aspect, augmentation, generator);
  torch::Tensor grid = F::affine_grid(maps, batch.image.sizes(), false);
  if (augmentation.elastic > 0) grid = grid + displacements(batch.image, augmentation.elastic, generator);
  return sampled_at(batch, grid);
}

LabelledImages augment(const LabelledImages& batch, const Augmentation& augmentation, torch::Generator& generator) {
  const LabelledImages result = moved_at_random(batch, augmentation, generator);
  return {retone(result.image, augmentation, generator), result.label};
}

}  // namespace ctforge::eval
