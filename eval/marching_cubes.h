// The surface of a mask by marching cubes: what it encloses, its area and its corners.
#pragma once

#include "eval/radiomics_region.h"

#include <array>
#include <cstdint>
#include <vector>

namespace ctforge::eval {

struct CubeMesh {
  double volume_mm3 = 0, area_mm2 = 0;
  // Middles between a voxel inside and a neighbour outside: z, y, x in half voxels.
  std::vector<std::array<std::int64_t, 3>> corners;
};

// W. Lorensen and H. Cline, SIGGRAPH 1987, through the middle between voxel centres, each cube divided into triangles
// as in P. Bourke's public-domain table ("Polygonising a scalar field", 1994); cubes with their last corner inside as
// their complement, turned round. Volume by the divergence theorem. Throws as require_region.
CubeMesh marching_cubes(const Region& region);

}  // namespace ctforge::eval
