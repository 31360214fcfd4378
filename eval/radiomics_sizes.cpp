// Run lengths (IBSI TP0I), size zones (9SAK) and dependences (REK0): counts over grey level and size.
#include "eval/radiomics_counts.h"
#include "eval/radiomics_families.h"

#include <algorithm>
#include <array>
#include <set>

namespace ctforge::eval {
namespace {

// The IBSI codes are those of run lengths, size zones and dependences, in this order.
constexpr std::array<const char*, 16> kRunNames = {"GrayLevelNonUniformity",            // R5YN
                                                   "GrayLevelNonUniformityNormalized",  // OVBL
                                                   "GrayLevelVariance",                 // 8CE5
                                                   "HighGrayLevelRunEmphasis",          // G3QZ
                                                   "LongRunEmphasis",                   // W4KF
                                                   "LongRunHighGrayLevelEmphasis",      // 3KUM
                                                   "LongRunLowGrayLevelEmphasis",       // IVPO
                                                   "LowGrayLevelRunEmphasis",           // V3SW
                                                   "RunEntropy",                        // HJ9O
                                                   "RunLengthNonUniformity",            // W92Y
                                                   "RunLengthNonUniformityNormalized",  // IC23
                                                   "RunPercentage",                     // 9ZK5
                                                   "RunVariance",                       // SXLW
                                                   "ShortRunEmphasis",                  // 22OV
                                                   "ShortRunHighGrayLevelEmphasis",     // GD3A
                                                   "ShortRunLowGrayLevelEmphasis"};     // HTZT

constexpr std::array<const char*, 16> kZoneNames = {"GrayLevelNonUniformity",            // JNSA
                                                    "GrayLevelNonUniformityNormalized",  // Y1RO
                                                    "GrayLevelVariance",                 // BYLV
                                                    "HighGrayLevelZoneEmphasis",         // 5GN9
                                                    "LargeAreaEmphasis",                 // 48P8
                                                    "LargeAreaHighGrayLevelEmphasis",    // J17V
                                                    "LargeAreaLowGrayLevelEmphasis",     // YH51
                                                    "LowGrayLevelZoneEmphasis",          // XMSY
                                                    "ZoneEntropy",                       // GU8N
                                                    "SizeZoneNonUniformity",             // 4JP3
                                                    "SizeZoneNonUniformityNormalized",   // VB3A
                                                    "ZonePercentage",                    // P30P
                                                    "ZoneVariance",                      // 3NSA
                                                    "SmallAreaEmphasis",                 // 5QRC
                                                    "SmallAreaHighGrayLevelEmphasis",    // HW1V
                                                    "SmallAreaLowGrayLevelEmphasis"};    // 5RAI

constexpr std::array<const char*, 14> kDependenceNames = {"GrayLevelNonUniformity",                // FP8K
                                                          "GrayLevelVariance",                     // 1PFV
                                                          "HighGrayLevelEmphasis",                 // OAE7
                                                          "LargeDependenceEmphasis",               // IMOQ
                                                          "LargeDependenceHighGrayLevelEmphasis",  // 9QMG
                                                          "LargeDependenceLowGrayLevelEmphasis",   // NBZI
                                                          "LowGrayLevelEmphasis",                  // TL9H
                                                          "DependenceEntropy",                     // FCBV
                                                          "DependenceNonUniformity",               // Z87G
                                                          "DependenceNonUniformityNormalized",     // OKJI
                                                          "DependenceVariance",                    // DNX2
                                                          "SmallDependenceEmphasis",               // SODN
                                                          "SmallDependenceHighGrayLevelEmphasis",  // JA6D
                                                          "SmallDependenceLowGrayLevelEmphasis"};  // EQ3F

std::vector<double> in_order(const CountFeatures& f) {
  return {f.level_non_uniformity,
          f.level_non_uniformity_normalised,
          f.level_variance,
          f.high,
          f.large,
          f.large_high,
          f.large_low,
          f.low,
          f.entropy,
          f.size_non_uniformity,
          f.size_non_uniformity_normalised,
          f.percentage,
          f.size_variance,
          f.small,
          f.small_high,
          f.small_low};
}

std::int32_t rank_at(const LevelGrid& grid, std::int64_t voxel) { return grid.rank[static_cast<std::size_t>(voxel)]; }

// Whether a line along the direction holds two voxels of the region: neighbours, mostly, or with a gap between them.
bool has_line(const LevelGrid& grid, const std::array<int, 3>& direction) {
  const std::ptrdiff_t step = grid.step(direction);
  for (const std::int64_t voxel : grid.voxels)
    if (rank_at(grid, voxel + step) >= 0) return true;
  std::set<std::array<std::int64_t, 3>> lines;  // each by its point at 0 of the first axis along which it moves
  for (const std::int64_t voxel : grid.voxels) {
    std::array<std::int64_t, 3> at = {voxel / (grid.size[1] * grid.size[2]), voxel / grid.size[2] % grid.size[1],
                                      voxel % grid.size[2]};
    std::size_t axis = 0;
    while (direction[axis] == 0) ++axis;
    const std::int64_t along = at[axis] * direction[axis];
    for (std::size_t a = 0; a < 3; ++a) at[a] -= along * direction[a];
    if (!lines.insert(at).second) return true;
  }
  return false;
}

std::vector<CountCell> runs_along(const LevelGrid& grid, const std::array<int, 3>& direction) {
  const std::ptrdiff_t step = grid.step(direction);
  const auto longest = static_cast<std::size_t>(*std::max_element(grid.size.begin(), grid.size.end()));
  std::vector<std::int64_t> counts(grid.present.size() * longest, 0);
  for (const std::int64_t voxel : grid.voxels) {
    const std::int32_t rank = rank_at(grid, voxel);
    if (rank_at(grid, voxel - step) == rank) continue;
    std::size_t length = 1;
    while (rank_at(grid, voxel + static_cast<std::ptrdiff_t>(length) * step) == rank) ++length;
    ++counts[static_cast<std::size_t>(rank) * longest + length - 1];
  }
  std::vector<CountCell> cells;
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0)
      cells.push_back({grid.present[i / longest], static_cast<std::int64_t>(i % longest) + 1, counts[i]});
  return cells;
}

}  // namespace

std::span<const char* const> run_length_names() { return kRunNames; }
std::span<const char* const> size_zone_names() { return kZoneNames; }
std::span<const char* const> dependence_names() { return kDependenceNames; }

std::vector<double> run_lengths(const LevelGrid& grid) {
  std::vector<double> sum(kRunNames.size(), 0);
  std::int64_t directions = 0;
  for (const auto& direction : grid.directions) {
    if (!has_line(grid, direction)) continue;
    const std::vector<double> own = in_order(features_of_counts(runs_along(grid, direction)));
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += own[i];
    ++directions;
  }
  if (directions > 0)
    for (double& value : sum) value /= static_cast<double>(directions);
  return sum;
}

std::vector<double> size_zones(const LevelGrid& grid) {
  std::vector<std::ptrdiff_t> steps;
  for (const auto& direction : grid.directions) {
    steps.push_back(grid.step(direction));
    steps.push_back(-grid.step(direction));
  }
  std::vector<std::uint8_t> seen(grid.level.size(), 0);
  std::vector<LevelSize> zones;
  std::vector<std::int64_t> zone;
  for (const std::int64_t first : grid.voxels) {
    if (seen[static_cast<std::size_t>(first)] != 0) continue;
    const std::int32_t rank = rank_at(grid, first);
    zone.assign(1, first);
    seen[static_cast<std::size_t>(first)] = 1;
    for (std::size_t next = 0; next < zone.size(); ++next)
      for (const std::ptrdiff_t step : steps) {
        const std::int64_t other = zone[next] + step;
        if (rank_at(grid, other) != rank || seen[static_cast<std::size_t>(other)] != 0) continue;
        seen[static_cast<std::size_t>(other)] = 1;
        zone.push_back(other);
      }
    zones.push_back({grid.present[static_cast<std::size_t>(rank)], std::ssize(zone)});
  }
  return in_order(features_of_counts(counted(std::move(zones))));
}

std::vector<double> dependences(const LevelGrid& grid) {
  std::vector<LevelSize> voxels;
  voxels.reserve(grid.voxels.size());
  for (const std::int64_t voxel : grid.voxels) {
    const std::int32_t rank = rank_at(grid, voxel);
    std::int64_t size = 1;  // the voxel itself
    for (const auto& direction : grid.directions) {
      const std::ptrdiff_t step = grid.step(direction);
      size += (rank_at(grid, voxel + step) == rank ? 1 : 0) + (rank_at(grid, voxel - step) == rank ? 1 : 0);
    }
    voxels.push_back({grid.present[static_cast<std::size_t>(rank)], size});
  }
  const CountFeatures f = features_of_counts(counted(std::move(voxels)));
  return {f.level_non_uniformity,
          f.level_variance,
          f.high,
          f.large,
          f.large_high,
          f.large_low,
          f.low,
          f.entropy,
          f.size_non_uniformity,
          f.size_non_uniformity_normalised,
          f.size_variance,
          f.small,
          f.small_high,
          f.small_low};
}

}  // namespace ctforge::eval
