// Fréchet radiomics distances: closed forms, what is left out, and features that do not depend on threads.
#include "eval/radiomics_set.h"

#include "eval/frechet.h"
#include "eval/radiomics.h"
#include "tests/eval/support.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::eval {
namespace {

TEST(FrechetRadiomics, Version0ScalesBothSetsTogether) {
  // One feature of 0..1, shifted by 1: together 0..2, so that the shift is half the range.
  const torch::Tensor x = torch::linspace(0, 1, 11, torch::kFloat64).unsqueeze(1);
  const double half = 7.45670747756958 / 2;
  EXPECT_NEAR(frechet_radiomics_v0(x, x + 1), half * half, 1e-9);
  EXPECT_NEAR(
      frechet_radiomics_v0(torch::cat({x, torch::ones_like(x)}, 1), torch::cat({x + 1, torch::ones_like(x)}, 1)),
      half * half, 1e-9);  // a constant feature adds nothing
}

TEST(FrechetRadiomics, Version1StandardisesByTheFirstSet) {
  const torch::Tensor x = torch::tensor({-1.0, 1.0, -1.0, 1.0}, torch::kFloat64).unsqueeze(1) * 5 + 3;
  EXPECT_NEAR(frechet_radiomics_v1(x, x + 10), std::log(4), 1e-9);
  const torch::Tensor constant = torch::full_like(x, 0.1);
  EXPECT_NEAR(frechet_radiomics_v1(torch::cat({x, constant}, 1), torch::cat({x + 10, x}, 1)), std::log(4), 1e-9);
}

TEST(FrechetRadiomics, RefuseOtherShapes) {
  const torch::Tensor x = torch::ones({4, 2}, torch::kFloat64);
  EXPECT_THROW(frechet_radiomics_v0(x, x.narrow(1, 0, 1)), std::invalid_argument);
  EXPECT_THROW(frechet_radiomics_v1(x, x), std::invalid_argument);  // nothing varies
}

TEST(PatchRadiomics, AreThoseOfEachPatchWithinTheWindow) {
  const PatchSet set = test::shapes(12, 16, 5);
  std::int64_t done = 0;
  const torch::Tensor all = patch_radiomics(set, {25, 0}, [&done](std::int64_t count) { done = count; });
  EXPECT_EQ(done, 12);
  EXPECT_EQ(all.sizes(), (std::vector<std::int64_t>{12, 93}));
  const torch::Tensor hu = set.all().hu[7].to(torch::kFloat64).clamp(-1000, 1000).contiguous();
  Region region{{1, 16, 16}, set.spacing_mm, {}, std::vector<std::uint8_t>(256, 1)};
  region.value.assign(hu.data_ptr<double>(), hu.data_ptr<double>() + 256);
  const std::vector<double> one = radiomics(region, {25, 0});
  for (std::int64_t i = 0; i < 93; ++i)
    EXPECT_DOUBLE_EQ(all[7][i].item<double>(), one[static_cast<std::size_t>(i)])
        << radiomic_names()[static_cast<std::size_t>(i)];
}

TEST(OrganRadiomics, AreThoseUnderTheMaskWithItsShape) {
  const PatchSet set = test::shapes(12, 24, 5);
  const torch::Tensor all = organ_radiomics(set, 1, {25, 0}, [](std::int64_t) {});
  ASSERT_EQ(all.sizes(), (std::vector<std::int64_t>{12, 102}));
  const Pixels pixels = set.all();
  std::int64_t shown = 0;
  for (std::int64_t i = 0; i < 12; ++i) {
    const torch::Tensor inside = (pixels.mask[i] == 1).to(torch::kUInt8).contiguous();
    const auto count = inside.sum().item<std::int64_t>();
    ASSERT_EQ(all[i].isfinite().all().item<bool>(), count >= kLeastOrganPixels) << i;
    if (count < kLeastOrganPixels) continue;
    ++shown;
    const auto shape = shape_2d_names();
    const auto column = std::find(shape.begin(), shape.end(), "shape2D_PixelSurface") - shape.begin();
    EXPECT_DOUBLE_EQ(all[i][93 + column].item<double>(), static_cast<double>(count) * 1 * 2) << i;  // spacing 1 x 2 mm
    const torch::Tensor hu = pixels.hu[i].to(torch::kFloat64).masked_select(inside.to(torch::kBool)).clamp(-1000, 1000);
    const auto& names = radiomic_names();
    const auto mean = std::find(names.begin(), names.end(), "firstorder_Mean") - names.begin();
    EXPECT_NEAR(all[i][mean].item<double>(), hu.mean().item<double>(), 1e-9) << i;
  }
  EXPECT_GT(shown, 0);
}

}  // namespace
}  // namespace ctforge::eval
