// What run lengths, size zones and dependences have in common: a matrix of counts over grey level and size.
#pragma once

#include <cstdint>
#include <vector>

namespace ctforge::eval {

// Counts over level and size, without its empty cells.
struct CountCell {
  std::int32_t level = 0;  // i, from 1 on
  std::int64_t size = 0;   // j, from 1 on: length of a run, voxels of a zone, dependent voxels
  std::int64_t count = 0;
};

// The features that IBSI defines alike for the three matrices; s runs, zones or dependences in all.
struct CountFeatures {
  double small = 0, large = 0;  // sum p / j^2, sum p j^2
  double low = 0, high = 0;     // sum p / i^2, sum p i^2
  double small_low = 0, small_high = 0, large_low = 0, large_high = 0;
  double level_non_uniformity = 0, level_non_uniformity_normalised = 0;
  double size_non_uniformity = 0, size_non_uniformity_normalised = 0;
  double percentage = 0;  // s / sum of count * size
  double level_variance = 0, size_variance = 0, entropy = 0;
};
CountFeatures features_of_counts(const std::vector<CountCell>& cells);

// One cell for each level and size that occurs. pairs: level and size of each run, zone or dependence.
struct LevelSize {
  std::int32_t level = 0;
  std::int64_t size = 0;
};
std::vector<CountCell> counted(std::vector<LevelSize> pairs);

}  // namespace ctforge::eval
