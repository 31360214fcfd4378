// Permuting and flipping axes into axial order.
#include "io/volume/resample.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ctforge::io {

namespace {

// Axis a of the result is axis `from[a]` of the source, reversed where flip[a].
struct Reordering {
  std::array<std::size_t, 3> from = {0, 1, 2};
  std::array<bool, 3> flip = {false, false, false};
  bool identity() const { return from == std::array<std::size_t, 3>{0, 1, 2} && !flip[0] && !flip[1] && !flip[2]; }
};

// The permutation whose axes agree most with x, y, z: the largest sum of |direction cosines| over the six.
Reordering find_reordering(const Geometry& geometry) {
  Reordering best;
  double best_sum = -1;
  std::array<std::size_t, 3> from = {0, 1, 2};
  do {
    double sum = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) sum += std::abs(geometry.direction[axis][from[axis]]);
    if (sum > best_sum + 1e-9) {
      best_sum = sum;
      best.from = from;
    }
  } while (std::next_permutation(from.begin(), from.end()));
  for (std::size_t axis = 0; axis < 3; ++axis) best.flip[axis] = geometry.direction[axis][best.from[axis]] < 0;
  return best;
}

Geometry reordered(const Geometry& geometry, const Reordering& reordering) {
  Geometry result;
  Vector3 first = {0, 0, 0};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::size_t from = reordering.from[axis];
    result.size[axis] = geometry.size[from];
    result.spacing_mm[axis] = geometry.spacing_mm[from];
    if (reordering.flip[axis]) first[from] = static_cast<double>(geometry.size[from] - 1);
    for (std::size_t row = 0; row < 3; ++row) {
      const double cosine = geometry.direction[row][from];
      result.direction[row][axis] = reordering.flip[axis] && cosine != 0 ? -cosine : cosine;
    }
  }
  result.origin_mm = index_to_point_mm(geometry, first);
  return result;
}

template <class T>
std::vector<T> reorder(const std::vector<T>& source, const Geometry& geometry, const Reordering& reordering) {
  const std::array<std::int64_t, 3> strides = {1, geometry.size[0], geometry.size[0] * geometry.size[1]};
  std::array<std::int64_t, 3> step, size;
  std::int64_t start = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::size_t from = reordering.from[axis];
    size[axis] = geometry.size[from];
    step[axis] = reordering.flip[axis] ? -strides[from] : strides[from];
    if (reordering.flip[axis]) start += (size[axis] - 1) * strides[from];
  }
  std::vector<T> result(source.size());
  T* out = result.data();
  for (std::int64_t z = 0; z < size[2]; ++z)
    for (std::int64_t y = 0; y < size[1]; ++y) {
      const T* in = source.data() + (start + z * step[2] + y * step[1]);
      for (std::int64_t x = 0; x < size[0]; ++x) *out++ = in[x * step[0]];
    }
  return result;
}

}  // namespace

Geometry axial_geometry(const Geometry& geometry) { return reordered(geometry, find_reordering(geometry)); }

Volume to_axial(Volume volume) {
  const Reordering reordering = find_reordering(volume.geometry);
  if (reordering.identity()) return volume;
  return {reordered(volume.geometry, reordering), reorder(volume.hu, volume.geometry, reordering)};
}

LabelMap to_axial(LabelMap labels) {
  const Reordering reordering = find_reordering(labels.geometry);
  if (reordering.identity()) return labels;
  return {reordered(labels.geometry, reordering), reorder(labels.label, labels.geometry, reordering)};
}

}  // namespace ctforge::io
