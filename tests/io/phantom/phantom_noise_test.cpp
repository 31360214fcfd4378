// The noise's radial power spectrum against its formula, and its level against a water cylinder.
#include "io/phantom/phantom_noise.h"

#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

namespace ctforge::io::phantom {
namespace {

constexpr double kPi = std::numbers::pi;

// Two-dimensional discrete Fourier power of [n,n], by rows and then columns.
std::vector<double> power(const std::vector<float>& image, int n) {
  std::vector<std::complex<double>> half(static_cast<std::size_t>(n * n)), turn(static_cast<std::size_t>(n));
  for (int k = 0; k < n; ++k) turn[static_cast<std::size_t>(k)] = std::polar(1.0, -2 * kPi * k / n);
  for (int y = 0; y < n; ++y)
    for (int u = 0; u < n; ++u) {
      std::complex<double> sum = 0;
      for (int x = 0; x < n; ++x)
        sum +=
            static_cast<double>(image[static_cast<std::size_t>(y * n + x)]) * turn[static_cast<std::size_t>(u * x % n)];
      half[static_cast<std::size_t>(y * n + u)] = sum;
    }
  std::vector<double> out(half.size());
  for (int v = 0; v < n; ++v)
    for (int u = 0; u < n; ++u) {
      std::complex<double> sum = 0;
      for (int y = 0; y < n; ++y)
        sum += half[static_cast<std::size_t>(y * n + u)] * turn[static_cast<std::size_t>(v * y % n)];
      out[static_cast<std::size_t>(v * n + u)] = std::norm(sum);
    }
  return out;
}

TEST(PhantomNoise, TheRadialSpectrumIsThatOfFilteredBackProjection) {
  constexpr int kSize = 64, kSlices = 24, kBins = 16;  // bins of 1/32 cycles a pixel
  std::vector<double> measured(kBins, 0.0), expected(kBins, 0.0);
  for (int slice = 0; slice < kSlices; ++slice) {
    const std::vector<double> spectrum = power(noise_slice(kSize, slice * 5, 11), kSize);
    for (int v = 0; v < kSize; ++v)
      for (int u = 0; u < kSize; ++u) {
        const double f = std::hypot(std::min(u, kSize - u), std::min(v, kSize - v)) / kSize;
        const int bin = static_cast<int>(f * 32);
        if (bin >= kBins) continue;
        measured[static_cast<std::size_t>(bin)] += spectrum[static_cast<std::size_t>(v * kSize + u)];
        expected[static_cast<std::size_t>(bin)] += noise_power(f);
      }
  }
  double all_measured = 0, all_expected = 0, peak = 0;
  int peak_bin = 0;
  for (int bin = 0; bin < kBins; ++bin) {
    all_measured += measured[static_cast<std::size_t>(bin)];
    all_expected += expected[static_cast<std::size_t>(bin)];
  }
  for (int bin = 0; bin < kBins; ++bin) {
    const auto b = static_cast<std::size_t>(bin);
    // 7 % of the peak: truncating the kernel leaks a little.
    EXPECT_NEAR(measured[b] / all_measured, expected[b] / all_expected, 0.01) << bin;
    const double density = measured[b] / (bin + 0.5);  // of the ring's area
    if (density > peak) peak = density, peak_bin = bin;
  }
  // Not white: rising from nothing to a peak in the middle, then falling.
  EXPECT_LT(measured[0] / 0.5, 0.35 * peak);
  EXPECT_GE(peak_bin, 3);
  EXPECT_LE(peak_bin, 9);
  EXPECT_LT(measured[15] / 15.5, 0.05 * peak);
}

TEST(PhantomNoise, HasUnitVarianceAndFollowsTheSeedAlone) {
  const std::vector<float> noise = noise_slice(96, 3, 5);
  double sum = 0, squares = 0;
  for (const float value : noise) sum += value, squares += static_cast<double>(value) * value;
  const double n = static_cast<double>(noise.size());
  EXPECT_NEAR(sum / n, 0, 0.02);
  EXPECT_NEAR(squares / n, 1, 0.06);
  EXPECT_EQ(noise, noise_slice(96, 3, 5));
  EXPECT_NE(noise, noise_slice(96, 3, 6));
  EXPECT_NE(noise, noise_slice(96, 4, 5));
}

std::vector<float> cylinder(int n, double pixel_mm, double radius_x, double radius_y, float hu) {
  std::vector<float> slice(static_cast<std::size_t>(n * n), -1000.0F);
  for (int y = 0; y < n; ++y)
    for (int x = 0; x < n; ++x)
      if (std::hypot((x - 0.5 * (n - 1)) * pixel_mm / radius_x, (y - 0.5 * (n - 1)) * pixel_mm / radius_y) < 1)
        slice[static_cast<std::size_t>(y * n + x)] = hu;
  return slice;
}

TEST(PhantomNoise, LevelAtTheCentreOfWaterIsTheOneAskedFor) {
  const std::vector<float> level = noise_level(cylinder(128, 3, 150, 150, 0), 128, 3, 14);
  EXPECT_NEAR(level[64 * 128 + 64], 14, 0.7);
  EXPECT_LT(level[64 * 128 + 18], 10);  // less towards the edge
}

TEST(PhantomNoise, LargerAndDenserPatientsAreNoisier) {
  const float reference = noise_level(cylinder(128, 3, 150, 150, 0), 128, 3, 14)[64 * 128 + 64];
  EXPECT_GT(noise_level(cylinder(128, 3, 185, 150, 0), 128, 3, 14)[64 * 128 + 64], 1.02F * reference);
  EXPECT_LT(noise_level(cylinder(128, 3, 90, 90, 0), 128, 3, 14)[64 * 128 + 64], 0.8F * reference);
  EXPECT_GT(noise_level(cylinder(128, 3, 150, 150, 300), 128, 3, 14)[64 * 128 + 64], 1.1F * reference);
}

TEST(PhantomNoise, NothingBeyondTheNyquistFrequency) {
  EXPECT_EQ(noise_power(0), 0);
  EXPECT_EQ(noise_power(0.5), 0);
  EXPECT_EQ(noise_power(0.7), 0);
}

}  // namespace
}  // namespace ctforge::io::phantom
