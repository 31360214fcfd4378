// CT acquired with a tilted gantry: slices that are parallel, but displaced sideways one by one by the same vector.
// They are resampled to a grid whose z axis is the slices' normal.
#pragma once

#include "io/volume/geometry.h"

#include <array>
#include <cstdint>
#include <vector>

namespace ctforge::io {

// step_px: how far each slice's first pixel lies from that of the slice before, along the columns (x) and rows (y) of
// the slices, in pixels.
struct GantryTilt {
  std::array<std::int64_t, 2> size = {0, 0};  // columns and rows of the slices as stored
  std::array<double, 2> step_px = {0, 0};

  bool operator==(const GantryTilt&) const = default;
};

// stored: size, spacing and direction of the slices, its origin the first pixel of the first slice. The upright grid
// has the same spacing and direction, begins at the slice displaced least and is as many pixels larger as the slices
// are displaced, so that nothing is cut off.
Geometry upright_geometry(const Geometry& stored, const GantryTilt& tilt);

// HU on the upright grid of this size: each slice moved in its plane by linear interpolation, rounded to the nearest
// HU. What lies beyond a slice is air, -1024 HU. Parallel over slices, the same bits with any number of threads. Throws
// std::invalid_argument when the voxels are not size.
std::vector<std::int16_t> make_upright(const std::vector<std::int16_t>& stored, const GantryTilt& tilt,
                                       const std::array<std::int64_t, 3>& upright_size);

}  // namespace ctforge::io
