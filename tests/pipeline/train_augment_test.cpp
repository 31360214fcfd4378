// Copies are moved as is told, and not at all where the probability is 0.
#include "pipeline/train_augment.h"

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

TEST(Augmented, LeavesPatchesAloneWithoutProbability) {
  torch::Generator generator = seeded(1);
  const auto batch = patches(3);
  const auto found = augmented(batch, AugmentTraining{}, generator);
  EXPECT_TRUE(torch::allclose(found.batch.image, batch.image, 0, 1e-5));
  EXPECT_TRUE(torch::equal(found.batch.mask, batch.mask));
  EXPECT_TRUE(found.movement.eq(0).all().item<bool>());
  EXPECT_EQ(found.movement.size(1), kAugmentNumbers);
}

TEST(Augmented, RotatesByTheAngleToldOnPatchesOfAnyShape) {
  AugmentTraining config = only();
  config.rotation_degrees = 40;
  for (const std::int64_t width : {64, 96}) {
    torch::Generator generator = seeded(2);
    const auto batch = patches(8, 64, width);
    const auto found = augmented(batch, config, generator);
    const auto [x, y] = middle(batch.mask[0]);
    for (std::int64_t i = 0; i < 8; ++i) {
      const double cosine = found.movement[i][1].item<double>() + 1, sine = found.movement[i][2].item<double>();
      // The map leads from the result to the patch, so that the square turns the other way.
      const auto [moved_x, moved_y] = middle(found.batch.mask[i]);
      EXPECT_NEAR(moved_x, cosine * x + sine * y, 0.6) << width;
      EXPECT_NEAR(moved_y, -sine * x + cosine * y, 0.6);
    }
  }
}

TEST(Augmented, ScalesAndShiftsByWhatIsTold) {
  AugmentTraining config = only();
  config.log_scale = 0.2;
  config.translation = 0.05;
  torch::Generator generator = seeded(3);
  const auto batch = patches(8);
  const auto found = augmented(batch, config, generator);
  const auto [x, y] = middle(batch.mask[0]);
  for (std::int64_t i = 0; i < 8; ++i) {
    const double scale = std::exp(0.2 * found.movement[i][0].item<double>());
    const auto [moved_x, moved_y] = middle(found.batch.mask[i]);
    // 0.05 of 64 pixels a standard deviation, after scaling.
    EXPECT_NEAR(moved_x, (x - 3.2 * found.movement[i][5].item<double>()) * scale, 0.8);
    EXPECT_NEAR(moved_y, (y - 3.2 * found.movement[i][6].item<double>()) * scale, 0.8);
    EXPECT_NEAR(found.batch.mask[i].sum().item<double>(), 64 * scale * scale, 16 * scale);
  }
  // Half of them stay where the probability is a half.
  config.probability = 0.5;
  const auto some = augmented(patches(400), config, generator);
  EXPECT_NEAR(some.movement.select(1, 0).eq(0).sum().item<double>(), 200, 40);
}

}  // namespace
}  // namespace ctforge::pipeline
