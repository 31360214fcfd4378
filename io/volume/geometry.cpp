// Conversions between voxel indices and patient coordinates.
#include "io/volume/geometry.h"

#include <cmath>

namespace ctforge::io {

Vector3 cross(const Vector3& a, const Vector3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

double dot(const Vector3& a, const Vector3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Vector3 index_to_point_mm(const Geometry& geometry, const Vector3& index) {
  Vector3 point = geometry.origin_mm;
  for (std::size_t row = 0; row < 3; ++row)
    for (std::size_t axis = 0; axis < 3; ++axis)
      point[row] += geometry.direction[row][axis] * geometry.spacing_mm[axis] * index[axis];
  return point;
}

Vector3 point_to_index(const Geometry& geometry, const Vector3& point_mm) {
  Vector3 index = {0, 0, 0};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    // The inverse of a rotation is its transpose.
    for (std::size_t row = 0; row < 3; ++row)
      index[axis] += geometry.direction[row][axis] * (point_mm[row] - geometry.origin_mm[row]);
    index[axis] /= geometry.spacing_mm[axis];
  }
  return index;
}

bool same_grid(const Geometry& a, const Geometry& b, double tolerance_mm) {
  if (a.size != b.size) return false;
  for (int corner = 0; corner < 8; ++corner) {
    Vector3 index;
    for (std::size_t axis = 0; axis < 3; ++axis)
      index[axis] = ((corner >> axis) & 1) != 0 ? static_cast<double>(a.size[axis] - 1) : 0.0;
    const Vector3 p = index_to_point_mm(a, index);
    const Vector3 q = index_to_point_mm(b, index);
    for (std::size_t axis = 0; axis < 3; ++axis)
      if (!(std::abs(p[axis] - q[axis]) <= tolerance_mm)) return false;
  }
  return true;
}

bool is_rotation(const Matrix3& direction, double tolerance) {
  std::array<Vector3, 3> column;
  for (std::size_t axis = 0; axis < 3; ++axis)
    column[axis] = {direction[0][axis], direction[1][axis], direction[2][axis]};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = i; j < 3; ++j)
      if (!(std::abs(dot(column[i], column[j]) - (i == j ? 1.0 : 0.0)) <= tolerance)) return false;
  return dot(cross(column[0], column[1]), column[2]) > 0;
}

}  // namespace ctforge::io
