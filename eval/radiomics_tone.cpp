// Neighbourhood grey tone differences (IBSI IPET): how far each level is from the mean of its neighbours.
#include "eval/radiomics_families.h"

#include <array>
#include <cmath>

namespace ctforge::eval {
namespace {

constexpr std::array<const char*, 5> kToneNames = {"Busyness", "Coarseness", "Complexity", "Contrast", "Strength"};
constexpr double kFlatCoarseness = 1e6;

// Of each level that has a voxel with a neighbour.
struct Tone {
  double level = 0, p = 0, s = 0;  // i, its part of these voxels, its sum of absolute differences
};

std::vector<Tone> tones_of(const LevelGrid& grid, double& valid) {
  std::vector<Tone> tones(grid.present.size());
  for (const std::int64_t voxel : grid.voxels) {
    double sum = 0;
    int neighbours = 0;
    for (const auto& direction : grid.directions) {
      const std::ptrdiff_t step = grid.step(direction);
      for (const std::int64_t at : {voxel + step, voxel - step}) {
        const std::int32_t level = grid.level[static_cast<std::size_t>(at)];
        sum += level;  // 0 outside
        neighbours += level > 0 ? 1 : 0;
      }
    }
    if (neighbours == 0) continue;
    Tone& tone = tones[static_cast<std::size_t>(grid.rank[static_cast<std::size_t>(voxel)])];
    tone.p += 1;
    tone.s += std::abs(grid.level[static_cast<std::size_t>(voxel)] - sum / neighbours);
    valid += 1;
  }
  for (std::size_t r = 0; r < tones.size(); ++r) tones[r].level = grid.present[r];
  std::erase_if(tones, [](const Tone& tone) { return tone.p == 0; });
  for (Tone& tone : tones) tone.p /= valid;
  return tones;
}

}  // namespace

std::span<const char* const> tone_difference_names() { return kToneNames; }

std::vector<double> tone_differences(const LevelGrid& grid) {
  double valid = 0;
  const std::vector<Tone> tones = tones_of(grid, valid);
  if (tones.empty()) return {0, kFlatCoarseness, 0, 0, 0};
  double weighted = 0, total = 0, spread = 0, spread_of_products = 0, complexity = 0, strength = 0;
  for (const Tone& a : tones) {
    weighted += a.p * a.s;
    total += a.s;
    for (const Tone& b : tones) {
      const double d = std::abs(a.level - b.level);
      spread += a.p * b.p * d * d;
      spread_of_products += std::abs(a.level * a.p - b.level * b.p);
      complexity += d * (a.p * a.s + b.p * b.s) / (a.p + b.p);
      strength += (a.p + b.p) * d * d;
    }
  }
  const auto levels = static_cast<double>(tones.size());
  return {
      spread_of_products > 0 ? weighted / spread_of_products : 0,         // NQ30
      weighted > 0 ? 1 / weighted : kFlatCoarseness,                      // QCDE
      complexity / valid,                                                 // HDEZ
      levels > 1 ? spread * total / valid / (levels * (levels - 1)) : 0,  // 65HE
      total > 0 ? strength / total : 0,                                   // 1X9X
  };
}

}  // namespace ctforge::eval
