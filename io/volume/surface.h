// Surfaces of masks as triangles, and STL files of them.
#pragma once

#include "io/volume/volume.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ctforge::io {

// Three corners in LPS mm, anticlockwise as seen from outside.
using Triangle = std::array<std::array<float, 3>, 3>;

// The surface between the voxels that have `value` and all others, which the volume is surrounded by: each cell of
// eight voxel centres is cut into six tetrahedra, and each of these by a plane half way between its voxels inside and
// outside. Closed, without gaps, every edge shared by two triangles that turn the same way. A mask that is large in
// voxels has its own volume to within per cents; edges and corners are bevelled by half a voxel, so that one voxel
// alone has half its volume. Empty where no voxel has the value. Throws std::invalid_argument when the direction is no
// rotation or the number of labels does not match the size.
std::vector<Triangle> mask_surface(const LabelMap& labels, std::uint8_t value);

// Binary STL, atomically. title: up to 80 characters of ASCII for the header, which must not begin with "solid".
void write_stl(const std::filesystem::path& path, const std::vector<Triangle>& surface, const std::string& title);

}  // namespace ctforge::io
