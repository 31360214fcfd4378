// Copies are moved as is told, and not at all where the probability is 0.
#include "pipeline/train/train_augment.h"

#include <cmath>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

// A bright square of label 1 off the middle of a dark patch.
PatchBatch patches(std::int64_t n, std::int64_t height = 64, std::int64_t width = 64) {
  PatchBatch batch{torch::full({n, 1, height, width}, -1.0F), torch::zeros({n, height, width}, torch::kUInt8),
                   torch::zeros({n}, torch::kInt64)};
  batch.image.slice(2, 24, 32).slice(3, 36, 44).fill_(0.5);
  batch.mask.slice(1, 24, 32).slice(2, 36, 44).fill_(1);
  return batch;
}

// The middle of label 1, x and y in pixels from the patch's own middle.
std::pair<double, double> middle(const torch::Tensor& mask) {
  const auto places = mask.nonzero().to(torch::kFloat64).mean(0);
  return {places[1].item<double>() - static_cast<double>(mask.size(1) - 1) / 2,
          places[0].item<double>() - static_cast<double>(mask.size(0) - 1) / 2};
}

AugmentTraining only() {
  AugmentTraining config;
  config.probability = 1;
  config.rotation_degrees = config.log_scale = config.log_aspect = config.translation = 0;
  return config;
}

TEST(Movements, LeavesPatchesAloneWithoutProbability) {
  torch::Generator generator = seeded(1);
  const auto batch = patches(3);
  const auto movements = draw_movements(3, AugmentTraining{}, generator);
  EXPECT_TRUE(movements.eq(0).all().item<bool>());
  EXPECT_EQ(movements.size(1), kMovementNumbers);
  const auto found = moved(batch, movements, AugmentTraining{});
  EXPECT_TRUE(torch::allclose(found.image, batch.image, 0, 1e-5));
  EXPECT_TRUE(torch::equal(found.mask, batch.mask));
}

TEST(Movements, RotatesByTheAngleToldOnPatchesOfAnyShape) {
  AugmentTraining config = only();
  config.rotation_degrees = 40;
  for (const std::int64_t width : {64, 96}) {
    torch::Generator generator = seeded(2);
    const auto batch = patches(8, 64, width);
    const auto movements = draw_movements(8, config, generator);
    const auto found = moved(batch, movements, config);
    const auto [x, y] = middle(batch.mask[0]);
    for (std::int64_t i = 0; i < 8; ++i) {
      const double cosine = movements[i][1].item<double>() + 1, sine = movements[i][2].item<double>();
      // The map leads from the result to the patch, so that the square turns the other way.
      const auto [moved_x, moved_y] = middle(found.mask[i]);
      EXPECT_NEAR(moved_x, cosine * x + sine * y, 0.6) << width;
      EXPECT_NEAR(moved_y, -sine * x + cosine * y, 0.6);
    }
  }
}

TEST(Movements, ScalesAndShiftsByWhatIsTold) {
  AugmentTraining config = only();
  config.log_scale = 0.2;
  config.translation = 0.05;
  torch::Generator generator = seeded(3);
  const auto batch = patches(8);
  const auto movements = draw_movements(8, config, generator);
  const auto found = moved(batch, movements, config);
  const auto [x, y] = middle(batch.mask[0]);
  for (std::int64_t i = 0; i < 8; ++i) {
    const double scale = std::exp(0.2 * movements[i][0].item<double>());
    const auto [moved_x, moved_y] = middle(found.mask[i]);
    // 0.05 of 64 pixels a standard deviation, after scaling.
    EXPECT_NEAR(moved_x, (x - 3.2 * movements[i][5].item<double>()) * scale, 0.8);
    EXPECT_NEAR(moved_y, (y - 3.2 * movements[i][6].item<double>()) * scale, 0.8);
    EXPECT_NEAR(found.mask[i].sum().item<double>(), 64 * scale * scale, 16 * scale);
  }
  // Half of them stay where the probability is a half.
  config.probability = 0.5;
  EXPECT_NEAR(draw_movements(400, config, generator).select(1, 0).eq(0).sum().item<double>(), 200, 40);
}

TEST(Movements, StretchAlongTheDirectionTold) {
  AugmentTraining config = only();
  config.log_aspect = 0.3;
  auto movements = torch::zeros({3, kMovementNumbers});
  movements[0][3] = 1;   // along x
  movements[1][3] = -1;  // along y
  movements[2][4] = 1;   // along the diagonal
  const auto found = moved(patches(3), movements, config);
  const auto extent = [&](std::int64_t i, std::int64_t axis) {
    const auto places = found.mask[i].nonzero().select(1, axis);
    return places.max().item<double>() - places.min().item<double>() + 1;
  };
  EXPECT_NEAR(extent(0, 1), 8 * std::exp(0.3), 1.01);
  EXPECT_NEAR(extent(0, 0), 8 * std::exp(-0.3), 1.01);
  EXPECT_NEAR(extent(1, 0), 8 * std::exp(0.3), 1.01);
  EXPECT_NEAR(extent(2, 0), extent(2, 1), 1.01);
}

}  // namespace
}  // namespace ctforge::pipeline
