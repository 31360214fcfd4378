// Random affine maps and what is told of them.
#include "pipeline/train/train_augment.h"

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

torch::Tensor draw_movements(std::int64_t n, const AugmentTraining& config, torch::Generator& generator) {
  const auto chosen = [&] { return torch::rand({n}, generator).lt(config.probability).to(torch::kFloat32); };
  const auto normal = [&] { return torch::randn({n}, generator); };
  const auto uniform = [&](double limit) { return (torch::rand({n}, generator) * 2 - 1) * limit; };
  const auto size = normal() * chosen();
  const auto angle = uniform(config.rotation_degrees * std::numbers::pi / 180) * chosen();
  const auto stretch = normal() * chosen(), twice_direction = uniform(std::numbers::pi);
  const auto with_shift = chosen();
  return torch::stack({size, angle.cos() - 1, angle.sin(), stretch * twice_direction.cos(),
                       stretch * twice_direction.sin(), normal() * with_shift, normal() * with_shift},
                      1);
}

PatchBatch moved(const PatchBatch& batch, const torch::Tensor& movements, const AugmentTraining& config) {
  const auto number = [&movements](std::int64_t i) { return movements.select(1, i); };
  const auto angle = torch::atan2(number(2), number(1) + 1);
  const auto stretch = torch::hypot(number(3), number(4)), direction = torch::atan2(number(4), number(3)) / 2;
  const auto scale = torch::exp(-config.log_scale * number(0)), factor = torch::exp(-config.log_aspect * stretch);
  const auto zero = torch::zeros_like(scale);
  // From places in the result to places in the patch, in pixels over half the height, so that angles stay what they
  // are.
  const auto stretching =
      torch::matmul(torch::matmul(rotation(direction), matrix(factor, zero, zero, 1 / factor)), rotation(-direction));
  const auto linear = torch::matmul(rotation(angle), stretching) * scale.view({-1, 1, 1});
  const double aspect = static_cast<double>(batch.image.size(3)) / static_cast<double>(batch.image.size(2));
  const auto to_pixels = torch::tensor({{aspect, 0.0}, {0.0, 1.0}}, torch::kFloat32);
  const auto shift = torch::stack({number(5), number(6)}, 1).unsqueeze(2) * (2 * config.translation);
  const auto maps = torch::cat({torch::matmul(torch::matmul(torch::inverse(to_pixels), linear), to_pixels), shift}, 2);
  const auto result = eval::moved({batch.image, batch.mask.to(torch::kInt64)}, maps);
  return {result.image, result.label.to(torch::kUInt8), batch.labels};
}

}  // namespace ctforge::pipeline
