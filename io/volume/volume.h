// CT volumes and label maps in memory. Arrays index [z,y,x], x fastest.
#pragma once

#include "io/volume/geometry.h"

#include <cstdint>
#include <vector>

namespace ctforge::io {

struct Volume {
  Geometry geometry;
  std::vector<std::int16_t> hu;  // [z,y,x] Hounsfield units, geometry.voxels() values
};

struct LabelMap {
  Geometry geometry;
  std::vector<std::uint8_t> label;  // [z,y,x], 0 is background
};

}  // namespace ctforge::io
