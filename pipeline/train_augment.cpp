// Random affine maps and what is told of them.
#include "pipeline/train_augment.h"

#include "eval/augment.h"

#include <numbers>

#include <torch/types.h>

namespace ctforge::pipeline {

namespace {

// [N,2,2], row by row.
torch::Tensor matrix(const torch::Tensor& a, const torch::Tensor& b, const torch::Tensor& c, const torch::Tensor& d) {
  return torch::stack({torch::stack({a, b}, 1), torch::stack({c, d}, 1)}, 1);
}

torch::Tensor rotation(const torch::Tensor& angle) {
  return matrix(angle.cos(), -angle.sin(), angle.sin(), angle.cos());
}

}  // namespace

AugmentedBatch augmented(const PatchBatch& batch, const AugmentTraining& config, torch::Generator& generator) {
  const std::int64_t n = batch.image.size(0);
  const auto chosen = [&] { return torch::rand({n}, generator).lt(config.probability).to(torch::kFloat32); };
  const auto normal = [&] { return torch::randn({n}, generator) * chosen(); };
  const auto uniform = [&](double limit) { return (torch::rand({n}, generator) * 2 - 1) * limit; };

  const auto size = normal();
  const auto angle = uniform(config.rotation_degrees * std::numbers::pi / 180) * chosen();
  const auto stretch = normal(), direction = uniform(std::numbers::pi);
  const auto with_shift = chosen();
  const auto shift_x = torch::randn({n}, generator) * with_shift, shift_y = torch::randn({n}, generator) * with_shift;

  // From places in the result to places in the patch, in pixels over half the height, so that angles stay what they
  // are.
  const auto scale = torch::exp(-config.log_scale * size), factor = torch::exp(-config.log_aspect * stretch);
  const auto zero = torch::zeros({n});
  const auto stretching =
      torch::matmul(torch::matmul(rotation(direction), matrix(factor, zero, zero, 1 / factor)), rotation(-direction));
  const auto linear = torch::matmul(rotation(angle), stretching) * scale.view({-1, 1, 1});
  const double aspect = static_cast<double>(batch.image.size(3)) / static_cast<double>(batch.image.size(2));
  const auto to_pixels = torch::tensor({{aspect, 0.0}, {0.0, 1.0}}, torch::kFloat32);
  const auto maps = torch::cat({torch::matmul(torch::matmul(torch::inverse(to_pixels), linear), to_pixels),
                                torch::stack({shift_x, shift_y}, 1).unsqueeze(2) * (2 * config.translation)},
                               2);
  const auto result = eval::moved({batch.image, batch.mask.to(torch::kInt64)}, maps);
  AugmentedBatch moved{{result.image, result.label.to(torch::kUInt8), batch.labels}, {}};
  moved.movement = torch::stack(
      {size, angle.cos() - 1, angle.sin(), stretch * direction.cos(), stretch * direction.sin(), shift_x, shift_y}, 1);
  return moved;
}

}  // namespace ctforge::pipeline
