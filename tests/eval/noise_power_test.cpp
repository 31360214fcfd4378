// Noise power: Parseval, white noise in closed form, a trend that is taken out, and what is measured of patches.
#include "eval/noise_power.h"

#include "tests/eval/support.h"

#include <cmath>
#include <numeric>
#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::eval {
namespace {

constexpr double kDx = 0.9, kDy = 1.7;

torch::Tensor white(std::int64_t count, std::int64_t edge, double deviation_hu) {
  torch::Generator generator = torch::make_generator<torch::CPUGeneratorImpl>(5);
  return torch::randn({count, edge, edge}, generator, torch::kFloat64) * deviation_hu;
}

Indices every_row(const PatchSet& set) {
  Indices rows(static_cast<std::size_t>(set.size()));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

PatchSet noisy_patches(double deviation_hu) {
  const torch::Tensor hu = (white(40, 32, deviation_hu) + 40).round().to(torch::kInt16);
  PatchSet set = test::patch_set(hu, torch::zeros(hu.sizes(), torch::kUInt8), std::vector<std::int32_t>(40, 0));
  set.spacing_mm = {kDx, kDx, 3};
  return set;
}

TEST(NoisePower, IntegratesToTheVariance) {
  const torch::Tensor regions = white(7, 16, 12) + 30;
  const torch::Tensor integral = noise_power(regions, kDx, kDy).sum({1, 2}) / (16 * kDx * 16 * kDy);
  EXPECT_TRUE(torch::allclose(integral, regions.square().mean({1, 2}), 1e-12));
}

TEST(NoisePower, OfWhiteNoiseIsFlat) {
  const torch::Tensor mean = noise_power(white(4000, 8, 20), kDx, kDy).mean(0);
  EXPECT_NEAR((mean / (400 * kDx * kDy)).mean().item<double>(), 1, 0.01);
  EXPECT_LT((mean / (400 * kDx * kDy) - 1).abs().max().item<double>(), 0.1);
}

TEST(NoisePower, TrendsOfSecondOrderAreTakenOut) {
  const torch::Tensor y = torch::arange(12, torch::kFloat64).view({1, 12, 1}),
                      x = torch::arange(16, torch::kFloat64).view({1, 1, 16});
  const torch::Tensor trend = 40 + 3 * x - 2 * y + 0.5 * x * x - 0.1 * x * y + 0.2 * y * y;
  EXPECT_LT(detrended(trend).abs().max().item<double>(), 1e-10);
  // White noise loses the six terms' part of its variance.
  const torch::Tensor noise = white(3000, 8, 10);
  EXPECT_NEAR(detrended(noise).square().mean().item<double>(), 100.0 * (64 - 6) / 64, 1);
}

TEST(NoiseSpectra, OfNoisySoftTissue) {
  const PatchSet set = noisy_patches(20);
  const NoiseSpectra spectra = noise_spectra(set, NoiseOf::SoftTissue);
  EXPECT_EQ(spectra.region_pixels, 16);
  EXPECT_EQ(spectra.regions.sum().item<double>(), 40 * 9);
  EXPECT_NEAR(spectra.frequency_per_mm.back(), 1 / (2 * kDx), 1e-12);
  EXPECT_NEAR(pooled_deviation_hu(spectra, every_row(set)), 20 * std::sqrt(250.0 / 256), 0.4);
  const torch::Tensor power = pooled_power(spectra, every_row(set)).narrow(0, 2, 6);  // above the trend's frequencies
  EXPECT_LT((power / (400 * kDx * kDx) - 1).abs().max().item<double>(), 0.1);
}

TEST(NoiseSpectra, BoneAndAirAreNoSoftTissue) {
  PatchSet set = noisy_patches(1);
  const torch::Tensor hu = set.all().hu.clone();
  hu.slice(2, 0, 2) = 900;
  set = test::patch_set(hu, torch::zeros(hu.sizes(), torch::kUInt8), set.patient);
  EXPECT_EQ(noise_spectra(set, NoiseOf::SoftTissue).regions.sum().item<double>(), 40 * 6);
  EXPECT_EQ(noise_spectra(set, NoiseOf::Residual).regions.sum().item<double>(), 40 * 9);
  hu.fill_(-1000);
  const NoiseSpectra none = noise_spectra(set, NoiseOf::SoftTissue);
  EXPECT_TRUE(std::isnan(pooled_deviation_hu(none, {0})));
}

TEST(NoiseSpectra, TwiceTheNoiseIsSixDecibels) {
  const PatchSet quiet = noisy_patches(10), loud = noisy_patches(20);
  for (const NoiseOf source : {NoiseOf::SoftTissue, NoiseOf::Residual}) {
    const torch::Tensor a = pooled_power(noise_spectra(quiet, source), every_row(quiet));
    const torch::Tensor b = pooled_power(noise_spectra(loud, source), every_row(loud));
    EXPECT_NEAR(log_spectral_distance_db(b, a), 20 * std::log10(2), 0.1);
  }
  EXPECT_THROW(log_spectral_distance_db(torch::ones({3}), torch::ones({4})), std::invalid_argument);
  EXPECT_THROW(noise_power(torch::ones({1, 4, 4}), 0, 1), std::invalid_argument);
  EXPECT_THROW(detrended(torch::ones({1, 2, 2})), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
