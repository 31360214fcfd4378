// White noise from a counter, shaped by a kernel with the wanted spectrum; level from coarse projections.
#include "io/phantom/phantom_noise.h"

#include "io/file/random.h"
#include "io/phantom/phantom_projection.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ctforge::io::phantom {

namespace {

constexpr double kPi = std::numbers::pi;
constexpr int kReach = 9;  // half width of the kernel, pixels
constexpr int kWidth = 2 * kReach + 1;
constexpr double kPsfPixels = 0.35;       // standard deviation of the point spread function
constexpr double kTypicalOfWater = 5.24;  // mean over 300 mm of water of the logarithm of the relative variance
constexpr double kNeighbour = 0.25;       // share of the neighbouring slices in the noise

// Impulse response whose squared Fourier transform is noise_power, no mean and unit energy, [kWidth,kWidth].
std::vector<float> shaping_kernel() {
  constexpr int kGrid = 64;
  std::vector<double> kernel(std::size_t{kWidth} * kWidth, 0.0);
  // A quarter of the plane is enough: the transfer function is even in both axes.
  for (int v = 0; v <= kGrid / 2; ++v)
    for (int u = 0; u <= kGrid / 2; ++u) {
      const double fu = static_cast<double>(u) / kGrid, fv = static_cast<double>(v) / kGrid;
      const double amplitude =
          std::sqrt(noise_power(std::hypot(fu, fv))) * ((u % (kGrid / 2)) ? 2 : 1) * ((v % (kGrid / 2)) ? 2 : 1);
      if (amplitude == 0) continue;
      for (int y = -kReach; y <= kReach; ++y)
        for (int x = -kReach; x <= kReach; ++x)
          kernel[static_cast<std::size_t>((y + kReach) * kWidth + x + kReach)] +=
              amplitude * std::cos(2 * kPi * fu * x) * std::cos(2 * kPi * fv * y);
    }
  // Cutting the tails off leaves a small mean, which would show as noise at zero frequency.
  double mean = 0, energy = 0;
  for (const double value : kernel) mean += value / (kWidth * kWidth);
  for (double& value : kernel) {
    value -= mean;
    energy += value * value;
  }
  std::vector<float> out;
  for (const double value : kernel) out.push_back(static_cast<float>(value / std::sqrt(energy)));
  return out;
}

// A normal deviate from a counter (Box and Muller).
float deviate(std::uint64_t seed, std::int64_t slice, std::int64_t y, std::int64_t x) {
  const auto part = [](std::int64_t value) { return static_cast<std::uint64_t>(value + 1024) & 0xfffff; };
  const std::uint64_t bits = mix_seed(seed, (part(slice) << 40) | (part(y) << 20) | part(x));
  const float u = (static_cast<float>(bits >> 40) + 0.5F) * 0x1.0p-24F;
  const float angle = static_cast<float>(bits & 0xffffff) * (0x1.0p-24F * 2 * static_cast<float>(kPi));
  return std::sqrt(-2 * std::log(u)) * std::cos(angle);
}

}  // namespace

double noise_power(double frequency) {
  if (frequency <= 0 || frequency >= 0.5) return 0;
  const double apodisation = 0.5 * (1 + std::cos(2 * kPi * frequency));
  const double transfer = std::exp(-2 * kPi * kPi * kPsfPixels * kPsfPixels * frequency * frequency);
  return frequency * apodisation * apodisation * transfer * transfer;
}

std::vector<float> noise_slice(std::int64_t size, std::int64_t slice, std::uint64_t seed) {
  static const std::vector<float> kernel = shaping_kernel();
  const std::int64_t wide = size + 2 * kReach;
  const auto norm = static_cast<float>(1 / std::sqrt(1 + 2 * kNeighbour * kNeighbour));
  std::vector<float> white(static_cast<std::size_t>(wide * wide));
  for (std::int64_t y = 0; y < wide; ++y)
    for (std::int64_t x = 0; x < wide; ++x)
      white[static_cast<std::size_t>(y * wide + x)] =
          norm * (deviate(seed, slice, y, x) +
                  static_cast<float>(kNeighbour) * (deviate(seed, slice - 1, y, x) + deviate(seed, slice + 1, y, x)));
  std::vector<float> out(static_cast<std::size_t>(size * size), 0.0F);
  for (std::int64_t y = 0; y < size; ++y)
    for (int j = 0; j < kWidth; ++j)
      for (int i = 0; i < kWidth; ++i) {
        const float weight = kernel[static_cast<std::size_t>(j * kWidth + i)];
        const float* in = white.data() + (y + j) * wide + i;
        float* row = out.data() + y * size;
        for (std::int64_t x = 0; x < size; ++x) row[x] += weight * in[x];
      }
  return out;
}

std::vector<float> noise_level(const std::vector<float>& hu, std::int64_t size, double pixel_mm, double noise_hu) {
  // Attenuation varies slowly: a grid of about 64 pixels and two dozen angles tell enough.
  const std::int64_t block = std::max<std::int64_t>(1, size / 64), coarse = (size + block - 1) / block;
  std::vector<float> mu(static_cast<std::size_t>(coarse * coarse), 0.0F);
  for (std::int64_t y = 0; y < size; ++y)
    for (std::int64_t x = 0; x < size; ++x) {
      const double value =
          std::clamp(1 + static_cast<double>(hu[static_cast<std::size_t>(y * size + x)]) / 1000, 0.0, 4.0);
      mu[static_cast<std::size_t>((y / block) * coarse + x / block)] +=
          static_cast<float>(kWaterPerMm * value / static_cast<double>(block * block));
    }
  Sinogram sinogram = project(mu, coarse, pixel_mm * static_cast<double>(block), 24);
  for (float& value : sinogram.value) value = std::exp(std::min(value, 12.0F));
  const std::vector<float> variance = back_project(sinogram, coarse);
  double inside = 0, weight = 1e-9;
  for (std::size_t i = 0; i < variance.size(); ++i)
    if (mu[i] > 0.5 * kWaterPerMm) {
      inside += std::log(static_cast<double>(variance[i]));
      weight += 1;
    }
  // Exposure control takes out two thirds of the logarithmic difference to 300 mm of water.
  const double reference = 300 * kWaterPerMm, typical = weight > 1 ? inside / weight : kTypicalOfWater;
  const double scale = noise_hu * std::exp(-0.5 * reference - (typical - kTypicalOfWater) / 3);
  std::vector<float> level(hu.size());
  const auto at = [&](double v, double u) {  // bilinear on the coarse grid
    const double limit = static_cast<double>(coarse - 1);
    const double y = std::clamp(v, 0.0, limit), x = std::clamp(u, 0.0, limit);
    const auto j = std::min(static_cast<std::int64_t>(y), std::max<std::int64_t>(coarse - 2, 0)),
               i = std::min(static_cast<std::int64_t>(x), std::max<std::int64_t>(coarse - 2, 0));
    const double t = y - static_cast<double>(j), s = x - static_cast<double>(i);
    const auto get = [&](std::int64_t b, std::int64_t a) {
      return static_cast<double>(
          variance[static_cast<std::size_t>(std::min(b, coarse - 1) * coarse + std::min(a, coarse - 1))]);
    };
    return (1 - t) * ((1 - s) * get(j, i) + s * get(j, i + 1)) + t * ((1 - s) * get(j + 1, i) + s * get(j + 1, i + 1));
  };
  for (std::int64_t y = 0; y < size; ++y)
    for (std::int64_t x = 0; x < size; ++x) {
      const double v = (static_cast<double>(y) + 0.5) / static_cast<double>(block) - 0.5,
                   u = (static_cast<double>(x) + 0.5) / static_cast<double>(block) - 0.5;
      level[static_cast<std::size_t>(y * size + x)] =
          static_cast<float>(std::clamp(scale * std::sqrt(at(v, u)), 0.15 * noise_hu, 5 * noise_hu));
    }
  return level;
}

}  // namespace ctforge::io::phantom
