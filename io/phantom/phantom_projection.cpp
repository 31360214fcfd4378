// Pixel-driven projector, ramp filter in the spatial domain, and the model of metal artefacts.
#include "io/phantom/phantom_projection.h"

#include "io/file/random.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace ctforge::io::phantom {

namespace {

constexpr double kPi = std::numbers::pi;

std::int64_t bins_for(std::int64_t size) {
  return static_cast<std::int64_t>(std::ceil(1.4143 * static_cast<double>(size))) + 4;
}

// Bin position of pixel (x, y) at an angle: start + x * dx + y * dy.
struct Ray {
  double start, dx, dy;
};
Ray ray_at(std::int64_t angle, std::int64_t angles, std::int64_t size, std::int64_t bins) {
  const double theta = kPi * (static_cast<double>(angle) + 0.5) / static_cast<double>(angles);
  const double c = std::cos(theta), s = std::sin(theta), half = 0.5 * static_cast<double>(size - 1);
  return {0.5 * static_cast<double>(bins - 1) - half * (c + s), c, s};
}

}  // namespace

Sinogram project(const std::vector<float>& image, std::int64_t size, double pixel_mm, std::int64_t angles) {
  Sinogram sinogram{angles, bins_for(size), {}};
  sinogram.value.assign(static_cast<std::size_t>(angles * sinogram.bins), 0.0F);
  for (std::int64_t a = 0; a < angles; ++a) {
    const Ray ray = ray_at(a, angles, size, sinogram.bins);
    float* row = sinogram.value.data() + a * sinogram.bins;
    for (std::int64_t y = 0; y < size; ++y)
      for (std::int64_t x = 0; x < size; ++x) {
        const float value = image[static_cast<std::size_t>(y * size + x)];
        if (value == 0) continue;
        const double place = ray.start + static_cast<double>(x) * ray.dx + static_cast<double>(y) * ray.dy;
        const auto bin = static_cast<std::int64_t>(place);
        const auto part = static_cast<float>(place - static_cast<double>(bin));
        row[bin] += (1 - part) * value;
        row[bin + 1] += part * value;
      }
  }
  for (float& value : sinogram.value) value *= static_cast<float>(pixel_mm);
  return sinogram;
}

std::vector<float> back_project(const Sinogram& sinogram, std::int64_t size) {
  std::vector<float> image(static_cast<std::size_t>(size * size), 0.0F);
  for (std::int64_t a = 0; a < sinogram.angles; ++a) {
    const Ray ray = ray_at(a, sinogram.angles, size, sinogram.bins);
    const float* row = sinogram.value.data() + a * sinogram.bins;
    for (std::int64_t y = 0; y < size; ++y)
      for (std::int64_t x = 0; x < size; ++x) {
        const double place = ray.start + static_cast<double>(x) * ray.dx + static_cast<double>(y) * ray.dy;
        const auto bin = static_cast<std::int64_t>(place);
        const auto part = static_cast<float>(place - static_cast<double>(bin));
        image[static_cast<std::size_t>(y * size + x)] += (1 - part) * row[bin] + part * row[bin + 1];
      }
  }
  for (float& value : image) value /= static_cast<float>(sinogram.angles);
  return image;
}

std::vector<float> reconstruct(const Sinogram& sinogram, std::int64_t size, double pixel_mm) {
  Sinogram filtered{sinogram.angles, sinogram.bins, std::vector<float>(sinogram.value.size(), 0.0F)};
  // h(0) = 1/4, h(n) = -1/(n pi)^2 for odd n, in units of the inverse squared spacing (Kak and Slaney eq. 3.61).
  std::vector<float> kernel(static_cast<std::size_t>(sinogram.bins), 0.0F);
  kernel[0] = 0.25F;
  for (std::size_t n = 1; n < kernel.size(); n += 2)
    kernel[n] = static_cast<float>(-1 / (kPi * kPi * static_cast<double>(n * n)));
  for (std::int64_t a = 0; a < sinogram.angles; ++a) {
    const float* in = sinogram.value.data() + a * sinogram.bins;
    float* out = filtered.value.data() + a * sinogram.bins;
    for (std::int64_t j = 0; j < sinogram.bins; ++j) {
      if (in[j] == 0) continue;
      for (std::int64_t i = 0; i < sinogram.bins; ++i)
        out[i] += in[j] * kernel[static_cast<std::size_t>(std::abs(i - j))];
    }
  }
  std::vector<float> image = back_project(filtered, size);
  for (float& value : image) value *= static_cast<float>(kPi / pixel_mm);
  return image;
}

std::vector<float> metal_streaks(const std::vector<float>& hu, const std::vector<float>& metal, std::int64_t size,
                                 double pixel_mm, std::uint64_t seed) {
  constexpr double kMetalPerMm = 8 * kWaterPerMm;  // titanium beyond what it displaces
  constexpr double kHardening = 0.045;             // second-order term of the polychromatic line integral
  constexpr double kLongest = 12;                  // no detector tells longer paths apart
  constexpr double kPhotons = 6e4;                 // a detector bin in air
  std::vector<float> tissue(hu.size()), implant(hu.size());
  for (std::size_t i = 0; i < hu.size(); ++i) {
    tissue[i] =
        static_cast<float>(kWaterPerMm * std::clamp(1 + static_cast<double>(hu[i]) / 1000, 0.0, 3.0) * (1 - metal[i]));
    implant[i] = static_cast<float>(kMetalPerMm * metal[i]);
  }
  const std::int64_t angles = std::max<std::int64_t>(180, 2 * size);
  const Sinogram body = project(tissue, size, pixel_mm, angles);
  Sinogram error = project(implant, size, pixel_mm, angles);
  // Neighbouring rays pass the same starved edge: their noise is alike, which makes streaks rather than grain.
  Random random(seed);
  std::vector<float> noise(error.value.size());
  for (float& value : noise) value = static_cast<float>(random.normal());
  const auto bins = static_cast<std::size_t>(error.bins);
  for (std::size_t i = 0; i + bins + 1 < noise.size(); ++i)
    noise[i] = 0.5F * (noise[i] + noise[i + 1] + noise[i + bins] + noise[i + bins + 1]);
  for (std::size_t i = 0; i < error.value.size(); ++i) {
    const double path = std::min<double>(error.value[i], kLongest);
    if (path <= 0) continue;
    const double total = std::min(path + static_cast<double>(body.value[i]), 11.0);
    const double starved = std::sqrt(std::exp(total) / kPhotons);
    error.value[i] =
        static_cast<float>(-kHardening * path * (path + body.value[i]) + 0.32 * std::min(starved, 2.0) * noise[i]);
  }
  // The focal spot and the detector's width blur projections; without that the pixels' edges would ring.
  std::vector<float> smooth = error.value;
  for (std::size_t i = 1; i + 1 < smooth.size(); ++i)
    smooth[i] = 0.25F * (error.value[i - 1] + 2 * error.value[i] + error.value[i + 1]);
  error.value = std::move(smooth);
  std::vector<float> streaks = reconstruct(error, size, pixel_mm);
  for (std::size_t i = 0; i < streaks.size(); ++i)
    // The metal itself stays what it is.
    streaks[i] *= static_cast<float>(1000 / kWaterPerMm) * (1 - metal[i]);
  return streaks;
}

}  // namespace ctforge::io::phantom
