// The patches of one series put together again as the volume that they were cut from.
#pragma once

#include "eval/patch_set.h"
#include "io/volume/geometry.h"

#include <array>
#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace ctforge::eval {

// Where each patch lies in the smallest grid that holds them all.
struct PatchVolume {
  std::array<std::int64_t, 3> size = {0, 0, 0};      // z, y, x
  io::Vector3 spacing_mm = {1, 1, 1};                // x, y, z
  std::vector<std::array<std::int64_t, 3>> corners;  // z, y, x of each patch's first voxel
};

// The grid of these patches of one series, by their slices and corners. Slices at a constant stride k count with k
// times the distance of slices. Throws std::invalid_argument without patches, and io::DataError(InvalidShard) when two
// lie at one place or their voxels differ.
PatchVolume volume_of(const PatchSet& set, const Indices& patches);

// Values of these patches [n,H,W] uint8, in the order of the corners, as a volume [z,y,x]; 0 where no patch is.
std::vector<std::uint8_t> assembled(const PatchVolume& volume, const torch::Tensor& patches);

}  // namespace ctforge::eval
