// How much surface lies between the eight voxels about a corner of the grid.
#pragma once

#include "io/volume/geometry.h"

#include <array>

namespace ctforge::eval {

// Area in mm^2 for each of the 256 ways in which the voxels are inside or outside. Bit 7 is the voxel before the corner
// along z, y and x; bit 6 the one after it along x; bit 5 along y; bit 4 along y and x; bits 3 to 0 those after it
// along z likewise. Marching cubes, in the division that DeepMind's surface-distance 0.1 published with surface Dice
// (Nikolov et al., J. Med. Internet Res. 23:e26151, 2021).
std::array<double, 256> surface_areas_mm2(const io::Vector3& spacing_mm);

}  // namespace ctforge::eval
