// Volumes that the tests of volume files share.
#pragma once

#include "io/volume/volume.h"

#include <cmath>
#include <numeric>

namespace ctforge::io {

// 3x4x2 voxels from -1024 HU upwards, anisotropic, turned by 0.3 about z.
inline Volume oblique() {
  const double c = std::cos(0.3), s = std::sin(0.3);
  Volume volume;
  volume.geometry = {.size = {3, 4, 2},
                     .spacing_mm = {0.75, 1.5, 4},
                     .origin_mm = {-10, 20, 30},
                     .direction = {{{c, -s, 0}, {s, c, 0}, {0, 0, 1}}}};
  volume.hu.resize(24);
  std::iota(volume.hu.begin(), volume.hu.end(), std::int16_t{-1024});
  return volume;
}

}  // namespace ctforge::io
