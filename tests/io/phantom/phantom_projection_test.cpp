// Projections of a disc against their closed form, reconstruction back to it, and the signs of metal streaks.
#include "io/phantom/phantom_projection.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace ctforge::io::phantom {
namespace {

constexpr int kSize = 96;

std::vector<float> disc(double x0, double y0, double radius_pixels, float value) {
  std::vector<float> image(kSize * kSize, 0.0F);
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize; ++x) {
      // Sixteen samples a pixel: the closed form has a smooth border.
      int inside = 0;
      for (int j = 0; j < 4; ++j)
        for (int i = 0; i < 4; ++i)
          inside += std::hypot(x - x0 + (i - 1.5) / 4, y - y0 + (j - 1.5) / 4) < radius_pixels;
      image[static_cast<std::size_t>(y * kSize + x)] = value * static_cast<float>(inside) / 16;
    }
  return image;
}

TEST(PhantomProjection, ADiscProjectsToItsChords) {
  const double centre = 0.5 * (kSize - 1);
  const Sinogram sinogram = project(disc(centre, centre, 30, 0.02F), kSize, 2, 16);
  for (std::int64_t angle = 0; angle < 16; ++angle)
    for (const double offset : {0.0, 10.0, 20.0}) {
      const auto bin = static_cast<std::size_t>(angle * sinogram.bins) +
                       static_cast<std::size_t>((sinogram.bins - 1) / 2 + static_cast<std::int64_t>(offset));
      const double away = offset - 0.5 * static_cast<double>((sinogram.bins - 1) % 2);
      const double chord = 2 * std::sqrt(900 - away * away) * 2 * 0.02;
      EXPECT_NEAR(sinogram.value[bin], chord, 0.05 * chord);
    }
}

TEST(PhantomProjection, FilteredBackProjectionRestoresTheImage) {
  const std::vector<float> image = disc(40, 55, 22, 1);
  const std::vector<float> back = reconstruct(project(image, kSize, 1.5, 180), kSize, 1.5);
  EXPECT_NEAR(back[55 * kSize + 40], 1, 0.04);
  EXPECT_NEAR(back[55 * kSize + 50], 1, 0.04);
  EXPECT_NEAR(back[20 * kSize + 80], 0, 0.04);
  double error = 0;
  for (std::size_t i = 0; i < image.size(); ++i) error += std::abs(static_cast<double>(back[i]) - image[i]);
  EXPECT_LT(error / static_cast<double>(image.size()), 0.03);
}

TEST(PhantomProjection, MetalDarkensTheBandBetweenTwoImplants) {
  std::vector<float> hu(kSize * kSize, 40.0F), metal = disc(24, 48, 5, 1);
  const std::vector<float> other = disc(72, 48, 5, 1);
  for (std::size_t i = 0; i < metal.size(); ++i) metal[i] += other[i];
  const std::vector<float> streaks = metal_streaks(hu, metal, kSize, 3, 1);
  double between = 0, across = 0;
  for (int x = 40; x <= 56; ++x) between += streaks[static_cast<std::size_t>(48 * kSize + x)] / 17;
  for (int y = 10; y <= 30; ++y) across += streaks[static_cast<std::size_t>(y * kSize + 48)] / 21;
  EXPECT_LT(between, across - 50);
  EXPECT_EQ(streaks[48 * kSize + 24], 0);  // the metal itself stays
}

TEST(PhantomProjection, NoMetalNoStreaks) {
  const std::vector<float> hu(kSize * kSize, 40.0F), metal(kSize * kSize, 0.0F);
  const std::vector<float> streaks = metal_streaks(hu, metal, kSize, 3, 1);
  EXPECT_TRUE(std::all_of(streaks.begin(), streaks.end(), [](float value) { return value == 0; }));
}

}  // namespace
}  // namespace ctforge::io::phantom
