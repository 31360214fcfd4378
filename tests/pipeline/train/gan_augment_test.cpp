// Each augmentation by hand, and gradients through them.
#include "pipeline/train/gan_augment.h"

#include "pipeline/train/train_data.h"

#include <gtest/gtest.h>
#include <torch/nn/functional/padding.h>

namespace ctforge::pipeline {
namespace {

GanAugmentation nothing(std::int64_t n) {
  // A centre so far away that nothing is cut out.
  return {torch::zeros({n, 2}, torch::kInt64), torch::full({n, 2}, 1000, torch::kInt64), {}, {}};
}

TEST(GanAugment, NothingDoesNothing) {
  const auto x = torch::randn({2, 3, 8, 6});
  EXPECT_TRUE(torch::equal(augmented(x, nothing(2)), x));
}

TEST(GanAugment, ShiftsDownAndLeft) {
  auto shift = nothing(1);
  shift.shift = torch::tensor({{2, -1}}, torch::kInt64);
  const auto x = torch::arange(1, 21).to(torch::kFloat32).view({1, 1, 4, 5});
  const auto y = augmented(x, shift);
  EXPECT_TRUE(torch::equal(y.slice(2, 2).slice(3, 0, 4), x.slice(2, 0, 2).slice(3, 1)));
  EXPECT_EQ(y.slice(2, 0, 2).abs().sum().item<double>(), 0);
  EXPECT_EQ(y.slice(3, 4).abs().sum().item<double>(), 0);
}

TEST(GanAugment, CutsOutASquare) {
  auto cut = nothing(1);
  cut.cutout = torch::tensor({{4, 0}}, torch::kInt64);
  const auto y = augmented(torch::ones({1, 2, 8, 8}), cut)[0][1];
  // Pixels nearer than 2 to row 4 and to column 0.
  EXPECT_EQ(y.sum().item<double>(), 64 - 3 * 2);
  EXPECT_EQ(y.slice(0, 3, 6).slice(1, 0, 2).sum().item<double>(), 0);
}

TEST(GanAugment, BrightnessAndContrastAreTheImagesAlone) {
  auto grey = nothing(1);
  grey.brightness = torch::tensor({0.25F});
  grey.contrast = torch::tensor({0.5F});
  const auto x = torch::tensor({-1.0F, 1.0F, 0.5F, 0.5F}).view({1, 2, 1, 2});
  const auto y = augmented(x, grey);
  EXPECT_TRUE(torch::allclose(y, torch::tensor({-0.25F, 0.75F, 0.5F, 0.5F}).view({1, 2, 1, 2})));
}

TEST(GanAugment, LetsGradientsThroughWhatIsKept) {
  torch::Generator generator = seeded(3);
  const auto drawn = draw_gan_augmentation(16, 32, 32, true, generator);
  EXPECT_LE(drawn.shift.abs().max().item<std::int64_t>(), 4);
  EXPECT_GT(drawn.shift.abs().max().item<std::int64_t>(), 1);
  const auto x = torch::randn({16, 2, 32, 32}).requires_grad_();
  augmented(x, drawn).sum().backward();
  const double touched = x.grad().ne(0).to(torch::kFloat64).mean().item<double>();
  EXPECT_GT(touched, 0.5);
  EXPECT_LT(touched, 0.99);
}

}  // namespace
}  // namespace ctforge::pipeline
