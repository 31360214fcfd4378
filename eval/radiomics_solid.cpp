// Shape in space: the mesh of marching cubes (IBSI, morphology HCUG) and the principal axes of the voxel centres.
#include "eval/marching_cubes.h"
#include "eval/radiomics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <utility>

namespace ctforge::eval {
namespace {

using Corner = std::array<std::int64_t, 3>;  // z, y, x in half voxels

// On each line along this axis the first and the last corner: of the points of a line, one of its ends is farthest from
// any other point.
std::vector<Corner> ends_along(const std::vector<Corner>& corners, std::size_t axis) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::pair<Corner, Corner>> lines;
  const std::size_t p = axis == 0 ? 1 : 0, q = axis == 2 ? 1 : 2;
  for (const Corner& corner : corners) {
    auto& [first, last] = lines.try_emplace({corner[p], corner[q]}, corner, corner).first->second;
    if (corner[axis] < first[axis]) first = corner;
    if (corner[axis] > last[axis]) last = corner;
  }
  std::vector<Corner> ends;
  for (const auto& [line, pair] : lines) {
    ends.push_back(pair.first);
    if (pair.second != pair.first) ends.push_back(pair.second);
  }
  return ends;
}

struct Diameters {
  std::array<double, 3> within = {0, 0, 0};  // between corners of equal z, y and x
  double largest = 0;
};

Diameters diameters_mm(const std::vector<Corner>& corners, const std::array<double, 3>& spacing_zyx) {
  Diameters diameters;
  const auto measure = [&](const std::vector<Corner>& points, bool along_x) {
    for (std::size_t i = 0; i < points.size(); ++i)
      for (std::size_t j = i + 1; j < points.size(); ++j) {
        double square = 0;
        for (std::size_t axis = 0; axis < 3; ++axis) {
          const double d = 0.5 * static_cast<double>(points[i][axis] - points[j][axis]) * spacing_zyx[axis];
          square += d * d;
        }
        if (!along_x) {
          if (points[i][2] == points[j][2]) diameters.within[2] = std::max(diameters.within[2], square);
          continue;
        }
        diameters.largest = std::max(diameters.largest, square);
        for (std::size_t axis = 0; axis < 2; ++axis)
          if (points[i][axis] == points[j][axis]) diameters.within[axis] = std::max(diameters.within[axis], square);
      }
  };
  measure(ends_along(corners, 2), true);
  measure(ends_along(corners, 1), false);  // for corners of equal x
  diameters.largest = std::sqrt(diameters.largest);
  for (double& within : diameters.within) within = std::sqrt(within);
  return diameters;
}

// Eigenvalues of a symmetric 3x3 matrix, descending, by Jacobi's rotations.
std::array<double, 3> eigenvalues(std::array<std::array<double, 3>, 3> a) {
  for (int sweep = 0; sweep < 30; ++sweep)
    for (std::size_t p = 0; p < 2; ++p)
      for (std::size_t q = p + 1; q < 3; ++q) {
        if (a[p][q] == 0) continue;
        const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const double t = std::copysign(1.0, theta) / (std::abs(theta) + std::sqrt(theta * theta + 1));
        const double c = 1 / std::sqrt(t * t + 1), s = t * c;
        const std::size_t r = 3 - p - q;
        const double change = t * a[p][q], rp = a[r][p], rq = a[r][q];
        a[p][p] -= change;
        a[q][q] += change;
        a[p][q] = a[q][p] = 0;
        a[r][p] = a[p][r] = c * rp - s * rq;
        a[r][q] = a[q][r] = s * rp + c * rq;
      }
  std::array<double, 3> values = {a[0][0], a[1][1], a[2][2]};
  std::sort(values.rbegin(), values.rend());
  for (double& value : values) value = std::max(value, 0.0);
  return values;
}

struct SizeSpread {
  double voxels = 0;
  std::array<double, 3> variance{};  // of their centres along the principal axes, mm^2, descending
};

SizeSpread size_spread(const Region& region) {
  std::vector<std::array<double, 3>> points;
  std::array<double, 3> mean = {0, 0, 0};
  std::size_t i = 0;
  for (std::int64_t z = 0; z < region.size[0]; ++z)
    for (std::int64_t y = 0; y < region.size[1]; ++y)
      for (std::int64_t x = 0; x < region.size[2]; ++x, ++i) {
        if (region.inside[i] == 0) continue;
        points.push_back({static_cast<double>(x) * region.spacing_mm[0], static_cast<double>(y) * region.spacing_mm[1],
                          static_cast<double>(z) * region.spacing_mm[2]});
        for (std::size_t axis = 0; axis < 3; ++axis) mean[axis] += points.back()[axis];
      }
  const auto voxels = static_cast<double>(points.size());
  std::array<std::array<double, 3>, 3> covariance{};
  for (const auto& point : points)
    for (std::size_t a = 0; a < 3; ++a)
      for (std::size_t b = 0; b < 3; ++b)
        covariance[a][b] += (point[a] - mean[a] / voxels) * (point[b] - mean[b] / voxels) / voxels;
  return {voxels, eigenvalues(covariance)};
}

}  // namespace

const std::vector<std::string>& shape_3d_names() {
  static const std::vector<std::string> names = {"shape_Elongation",       // Q3CK
                                                 "shape_Flatness",         // N17B
                                                 "shape_LeastAxisLength",  // 7J51
                                                 "shape_MajorAxisLength",  // TDIC
                                                 "shape_Maximum2DDiameterColumn",
                                                 "shape_Maximum2DDiameterRow",
                                                 "shape_Maximum2DDiameterSlice",
                                                 "shape_Maximum3DDiameter",   // L0JK
                                                 "shape_MeshVolume",          // RNU0
                                                 "shape_MinorAxisLength",     // P9VJ
                                                 "shape_Sphericity",          // QCFX
                                                 "shape_SurfaceArea",         // C0JK
                                                 "shape_SurfaceVolumeRatio",  // 2PR5
                                                 "shape_VoxelVolume"};        // YEKZ
  return names;
}

std::vector<double> shape_3d(const Region& region) {
  const CubeMesh mesh = marching_cubes(region);
  const Diameters diameters =
      diameters_mm(mesh.corners, {region.spacing_mm[2], region.spacing_mm[1], region.spacing_mm[0]});
  const auto [voxels, variance] = size_spread(region);
  const auto ratio = [largest = variance[0]](double smaller) { return largest > 0 ? std::sqrt(smaller / largest) : 0; };
  return {ratio(variance[1]),
          ratio(variance[2]),
          4 * std::sqrt(variance[2]),
          4 * std::sqrt(variance[0]),
          diameters.within[1],
          diameters.within[2],
          diameters.within[0],
          diameters.largest,
          mesh.volume_mm3,
          4 * std::sqrt(variance[1]),
          std::cbrt(36 * std::numbers::pi * mesh.volume_mm3 * mesh.volume_mm3) / mesh.area_mm2,
          mesh.area_mm2,
          mesh.area_mm2 / mesh.volume_mm3,
          voxels * region.spacing_mm[0] * region.spacing_mm[1] * region.spacing_mm[2]};
}

}  // namespace ctforge::eval
