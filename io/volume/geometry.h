// Where a volume's voxels lie in the patient: DICOM's LPS axes (x to the left, y to the back, z to the head), mm.
#pragma once

#include <array>
#include <cstdint>

namespace ctforge::io {

using Vector3 = std::array<double, 3>;
// Columns are the directions of the index axes x, y, z: element [row][column], row-major. LPS.
using Matrix3 = std::array<std::array<double, 3>, 3>;

struct Geometry {
  std::array<std::int64_t, 3> size = {0, 0, 0};  // voxels along x (columns), y (rows), z (slices)
  Vector3 spacing_mm = {1, 1, 1};                // along x, y, z
  Vector3 origin_mm = {0, 0, 0};                 // centre of voxel (0,0,0), LPS
  Matrix3 direction = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

  // Number of voxels; size is trusted to have been checked against overflow on reading.
  std::int64_t voxels() const { return size[0] * size[1] * size[2]; }
};

// LPS point in mm of a (fractional) voxel index x, y, z: origin + direction * (spacing * index).
// DICOM PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1, with the slice axis added.
Vector3 index_to_point_mm(const Geometry& geometry, const Vector3& index);
// The inverse; direction must be orthonormal (reading guarantees it).
Vector3 point_to_index(const Geometry& geometry, const Vector3& point_mm);

// True when the sizes agree and every corner voxel's centre lies within tolerance_mm of the other's.
bool same_grid(const Geometry& a, const Geometry& b, double tolerance_mm = 0.01);
// True when the columns of the matrix are unit vectors at right angles, to within tolerance, and right-handed.
bool is_rotation(const Matrix3& direction, double tolerance = 1e-3);

Vector3 cross(const Vector3& a, const Vector3& b);
double dot(const Vector3& a, const Vector3& b);

}  // namespace ctforge::io
