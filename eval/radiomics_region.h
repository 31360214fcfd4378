// A region of interest and its grey levels: what all texture matrices are counted from.
#pragma once

#include "io/volume/geometry.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ctforge::eval {

// Values on a grid and which of them belong to the region. A single slice (size[0] = 1) is two-dimensional: textures
// then look along 4 directions in the plane, else along 13 in space.
struct Region {
  std::array<std::int64_t, 3> size = {1, 0, 0};  // z, y, x
  io::Vector3 spacing_mm = {1, 1, 1};            // x, y, z
  std::vector<double> value;                     // [z,y,x], HU
  std::vector<std::uint8_t> inside;              // [z,y,x], 0 outside the region
};

// Throws std::invalid_argument when sizes do not match or nothing lies inside.
void require_region(const Region& region);

// How values become grey levels from 1 on, as PyRadiomics does it:
//   bin_count = 0: bins of bin_width whose edges are multiples of it, level = floor(x/w) - floor(min/w) + 1 (IBSI's
//                  fixed bin size Q3RU with edges that do not move with the region's minimum);
//   bin_count > 0: that many bins between the least and the largest value (IBSI's fixed bin number K15C); a flat region
//                  is all level 1.
struct Discretisation {
  double bin_width = 25;
  std::int64_t bin_count = 0;
};

// The region's bounding box in grey levels, within a border one voxel wide in which the level is 0, as it is outside
// the region: neighbours need no test for the edge.
struct LevelGrid {
  std::array<std::int64_t, 3> size{};          // z, y, x with the border; of a single slice z has none
  std::vector<std::int32_t> level;             // [z,y,x], 0 outside
  std::vector<std::int32_t> rank;              // [z,y,x], place of the level in `present`, -1 outside
  std::vector<std::int64_t> voxels;            // the region's, as indices of the grid
  std::vector<std::int32_t> present;           // the levels that occur, ascending
  std::vector<std::int64_t> counts;            // voxels of each of them
  std::vector<std::array<int, 3>> directions;  // z, y, x: one of each two opposite ones at Chebyshev distance 1

  std::ptrdiff_t step(const std::array<int, 3>& direction) const {
    return (direction[0] * size[1] + direction[1]) * size[2] + direction[2];
  }
  std::int32_t levels() const { return present.back(); }  // Ng, levels between that do not occur included
};

// Throws std::invalid_argument for an invalid region and a width that is not positive.
LevelGrid discretised(const Region& region, const Discretisation& bins);

}  // namespace ctforge::eval
