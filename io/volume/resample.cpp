// Separable triangle-filter resampling, slice by slice: in the plane first (rows, then columns), then across slices.
#include "io/volume/resample.h"

#include "io/volume/resample_kernel.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

namespace ctforge::io {

namespace {

using resample_kernel::Plane;
using resample_kernel::PlaneFilter;
using resample_kernel::Taps;

constexpr double kSameDirection = 1e-9;

void check_target(const Geometry& from, const Geometry& target) {
  for (std::size_t row = 0; row < 3; ++row)
    for (std::size_t column = 0; column < 3; ++column)
      if (std::abs(from.direction[row][column] - target.direction[row][column]) > kSameDirection)
        throw std::invalid_argument("resampling needs a target grid with the volume's own axes");
  for (std::size_t axis = 0; axis < 3; ++axis)
    if (from.size[axis] < 1 || target.size[axis] < 1) throw std::invalid_argument("resampling an empty grid");
}

// The taps of the three axes; first_index is the target's first voxel in source index coordinates.
std::array<Taps, 3> make_taps(const Geometry& from, const Geometry& target) {
  const Vector3 first_index = point_to_index(from, target.origin_mm);
  std::array<Taps, 3> taps;
  for (std::size_t axis = 0; axis < 3; ++axis)
    taps[axis] = resample_kernel::make_taps(from.size[axis], target.size[axis], first_index[axis],
                                            target.spacing_mm[axis] / from.spacing_mm[axis]);
  return taps;
}

// Slices are handed out in runs, within which the planes that neighbouring slices share are filtered once.
std::size_t run_length(std::int64_t slices) {
  const auto threads = static_cast<std::int64_t>(tbb::this_task_arena::max_concurrency());
  return static_cast<std::size_t>(std::clamp<std::int64_t>(slices / (4 * threads), 1, 64));
}

template <class Body>
void for_runs(std::int64_t slices, const Body& body) {
  const std::size_t grain = run_length(slices);
  tbb::parallel_for(
      tbb::blocked_range<std::int64_t>(0, slices, grain),
      [&](const tbb::blocked_range<std::int64_t>& range) { body(range.begin(), range.end()); },
      tbb::simple_partitioner());
}

void resample_run(const Volume& volume, const std::array<Taps, 3>& taps, std::int64_t begin, std::int64_t end,
                  Volume& result) {
  const auto source_plane = static_cast<std::size_t>(volume.geometry.size[0] * volume.geometry.size[1]);
  const auto target_plane = static_cast<std::size_t>(result.geometry.size[0] * result.geometry.size[1]);
  PlaneFilter filter(taps[0], taps[1], volume.geometry.size[0]);
  // The filtered planes under the kernel's present position, by source slice.
  std::map<std::int64_t, Plane> planes;
  std::vector<const float*> inputs(static_cast<std::size_t>(taps[2].width));
  for (std::int64_t z = begin; z < end; ++z) {
    const std::int64_t first = taps[2].first[static_cast<std::size_t>(z)];
    Plane spare;
    while (!planes.empty() && planes.begin()->first < first) spare = std::move(planes.extract(planes.begin()).mapped());
    for (std::int64_t k = 0; k < taps[2].width; ++k) {
      const auto [place, fresh] = planes.try_emplace(first + k);
      if (fresh) {
        place->second = std::move(spare);
        spare = {};
        place->second.resize(target_plane);
        filter.apply(volume.hu.data() + static_cast<std::size_t>(first + k) * source_plane, place->second.data());
      }
      inputs[static_cast<std::size_t>(k)] = place->second.data();
    }
    resample_kernel::combine_and_round(inputs, taps[2].weights_of(z), target_plane,
                                       result.hu.data() + static_cast<std::size_t>(z) * target_plane);
  }
}

LabelMap resample_nearest(const LabelMap& labels, const Geometry& target) {
  const Vector3 first_index = point_to_index(labels.geometry, target.origin_mm);
  std::array<std::vector<std::size_t>, 3> source;
  for (std::size_t axis = 0; axis < 3; ++axis)
    for (std::int64_t i = 0; i < target.size[axis]; ++i) {
      const double index =
          first_index[axis] + static_cast<double>(i) * target.spacing_mm[axis] / labels.geometry.spacing_mm[axis];
      // A centre on a face to within rounding counts as on it.
      const auto nearest = static_cast<std::int64_t>(std::floor(index + 0.5 + 1e-9));
      source[axis].push_back(
          static_cast<std::size_t>(std::clamp<std::int64_t>(nearest, 0, labels.geometry.size[axis] - 1)));
    }
  LabelMap result{target, std::vector<std::uint8_t>(static_cast<std::size_t>(target.voxels()))};
  const auto nx = static_cast<std::size_t>(labels.geometry.size[0]),
             ny = static_cast<std::size_t>(labels.geometry.size[1]);
  for_runs(target.size[2], [&](std::int64_t begin, std::int64_t end) {
    std::uint8_t* out = result.label.data() + static_cast<std::size_t>(begin * target.size[0] * target.size[1]);
    for (std::int64_t z = begin; z < end; ++z)
      for (const std::size_t y : source[1]) {
        const std::uint8_t* row = labels.label.data() + (source[2][static_cast<std::size_t>(z)] * ny + y) * nx;
        for (const std::size_t x : source[0]) *out++ = row[x];
      }
  });
  return result;
}

}  // namespace

Geometry resampled_grid(const Geometry& geometry, const Vector3& spacing_mm) {
  Geometry grid = geometry;
  Vector3 first_index = {0, 0, 0};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double spacing = spacing_mm[axis];
    if (!std::isfinite(spacing) || spacing < 0)
      throw std::invalid_argument("a spacing must be positive, or 0 to keep it");
    if (spacing == 0) continue;
    const double voxels = static_cast<double>(geometry.size[axis]) * geometry.spacing_mm[axis] / spacing;
    // Halves go down: the centre of one more voxel would lie on the outer face.
    grid.size[axis] = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(voxels - 0.5 - 1e-6)));
    grid.spacing_mm[axis] = spacing;
    first_index[axis] = 0.5 * spacing / geometry.spacing_mm[axis] - 0.5;
  }
  grid.origin_mm = index_to_point_mm(geometry, first_index);
  return grid;
}

Geometry part_of_grid(const Geometry& geometry, const std::array<std::int64_t, 3>& first,
                      const std::array<std::int64_t, 3>& size) {
  Geometry part = geometry;
  Vector3 index;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (first[axis] < 0 || size[axis] < 1 || first[axis] + size[axis] > geometry.size[axis])
      throw std::invalid_argument("a part that lies outside its grid");
    part.size[axis] = size[axis];
    index[axis] = static_cast<double>(first[axis]);
  }
  part.origin_mm = index_to_point_mm(geometry, index);
  return part;
}

Volume resample(const Volume& volume, const Geometry& target) {
  check_target(volume.geometry, target);
  const auto taps = make_taps(volume.geometry, target);
  Volume result{target, std::vector<std::int16_t>(static_cast<std::size_t>(target.voxels()))};
  for_runs(target.size[2],
           [&](std::int64_t begin, std::int64_t end) { resample_run(volume, taps, begin, end, result); });
  return result;
}

LabelMap resample(const LabelMap& labels, const Geometry& target, LabelFilter filter) {
  check_target(labels.geometry, target);
  if (filter == LabelFilter::Nearest) return resample_nearest(labels, target);
  const auto taps = make_taps(labels.geometry, target);
  const auto boxes = resample_kernel::label_boxes(labels);
  LabelMap result{target, std::vector<std::uint8_t>(static_cast<std::size_t>(target.voxels()))};
  for_runs(target.size[2], [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t z = begin; z < end; z += resample_kernel::kLabelBlock)
      resample_kernel::vote(labels, boxes, taps, z, std::min(end, z + resample_kernel::kLabelBlock), result);
  });
  return result;
}

}  // namespace ctforge::io
