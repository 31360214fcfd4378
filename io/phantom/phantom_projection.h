// Parallel-beam projection and filtered back-projection of one slice, and the streaks that metal causes through them.
#pragma once

#include <cstdint>
#include <vector>

namespace ctforge::io::phantom {

inline constexpr double kWaterPerMm = 0.0195;  // linear attenuation of water at the effective energy of 120 kV (70 keV)

struct Sinogram {
  std::int64_t angles = 0;   // over half a turn
  std::int64_t bins = 0;     // one pixel apart, centred
  std::vector<float> value;  // [angles, bins]
};

// Line integrals of image [size,size] (per mm), pixel_mm wide pixels.
Sinogram project(const std::vector<float>& image, std::int64_t size, double pixel_mm, std::int64_t angles);
// Mean over the angles of the values on the rays through each pixel.
std::vector<float> back_project(const Sinogram& sinogram, std::int64_t size);
// The image whose projections these are: Ramachandran-Lakshminarayanan filter, then back-projection (Kak and Slaney
// 1988, chapter 3.3).
std::vector<float> reconstruct(const Sinogram& sinogram, std::int64_t size, double pixel_mm);

// What to add to a slice [size,size] HU for the metal in it (part of each pixel): beam hardening makes long paths
// through metal look shorter, which darkens the bands between and beside implants, and starved rays add noise along
// themselves.
std::vector<float> metal_streaks(const std::vector<float>& hu, const std::vector<float>& metal, std::int64_t size,
                                 double pixel_mm, std::uint64_t seed);

}  // namespace ctforge::io::phantom
