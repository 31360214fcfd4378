// Surfaces as weighted corners of the voxel grid, and the distances between two of them.
#include "eval/surface_distance.h"

#include "eval/dice.h"
#include "eval/distance_map.h"
#include "eval/surface_area.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ctforge::eval {
namespace {

using Index = std::array<std::int64_t, 3>;  // z, y, x

struct Maps {
  std::span<const std::uint8_t> prediction, reference;
  Index size;
  std::uint8_t label;
};

// First voxel of the box about both masks and its size; no size where both are empty.
struct SurfaceBox {
  Index low, size;
};

SurfaceBox box_about(const Maps& maps) {
  Index low = maps.size, high = {-1, -1, -1};
  std::size_t i = 0;
  for (std::int64_t z = 0; z < maps.size[0]; ++z)
    for (std::int64_t y = 0; y < maps.size[1]; ++y)
      for (std::int64_t x = 0; x < maps.size[2]; ++x, ++i) {
        if (maps.prediction[i] != maps.label && maps.reference[i] != maps.label) continue;
        const Index at = {z, y, x};
        for (std::size_t axis = 0; axis < 3; ++axis) {
          low[axis] = std::min(low[axis], at[axis]);
          high[axis] = std::max(high[axis], at[axis]);
        }
      }
  SurfaceBox box{low, {}};
  if (high[0] < 0) return box;
  for (std::size_t axis = 0; axis < 3; ++axis) box.size[axis] = high[axis] - low[axis] + 1;
  return box;
}

// For each corner of the box's voxels, which of the eight about it are inside (surface_areas_mm2 names the bits).
std::vector<std::uint8_t> corner_codes(std::span<const std::uint8_t> map, const Maps& maps, const SurfaceBox& box) {
  const Index corners = {box.size[0] + 1, box.size[1] + 1, box.size[2] + 1};
  std::vector<std::uint8_t> codes(static_cast<std::size_t>(corners[0] * corners[1] * corners[2]), 0);
  for (std::int64_t z = 0; z < box.size[0]; ++z)
    for (std::int64_t y = 0; y < box.size[1]; ++y)
      for (std::int64_t x = 0; x < box.size[2]; ++x) {
        const std::int64_t voxel = ((box.low[0] + z) * maps.size[1] + box.low[1] + y) * maps.size[2] + box.low[2] + x;
        if (map[static_cast<std::size_t>(voxel)] != maps.label) continue;
        // It lies after its first corner along all axes (bit 0), and before its last (bit 7).
        for (int corner = 0; corner < 8; ++corner) {
          const std::int64_t at =
              ((z + (corner >> 2 & 1)) * corners[1] + y + (corner >> 1 & 1)) * corners[2] + x + (corner & 1);
          codes[static_cast<std::size_t>(at)] |= static_cast<std::uint8_t>(1 << corner);
        }
      }
  return codes;
}

bool on_surface(std::uint8_t code) { return code != 0 && code != 255; }

// Distance and area of each corner of a surface, nearest first.
using Elements = std::vector<std::pair<double, double>>;

struct Surface {
  std::vector<std::uint8_t> codes;
  std::vector<double> distance_mm;  // of every corner of the box to this surface
};

Surface surface_of(std::span<const std::uint8_t> map, const Maps& maps, const SurfaceBox& box,
                   const std::array<double, 3>& spacing_zyx) {
  Surface surface{corner_codes(map, maps, box), {}};
  std::vector<std::uint8_t> marked(surface.codes.size());
  std::transform(surface.codes.begin(), surface.codes.end(), marked.begin(),
                 [](std::uint8_t code) { return static_cast<std::uint8_t>(on_surface(code)); });
  surface.distance_mm = distance_map_mm(marked, {box.size[0] + 1, box.size[1] + 1, box.size[2] + 1}, spacing_zyx);
  return surface;
}

Elements elements_of(const Surface& from, const Surface& to, const std::array<double, 256>& areas) {
  Elements elements;
  for (std::size_t i = 0; i < from.codes.size(); ++i)
    if (on_surface(from.codes[i])) elements.emplace_back(to.distance_mm[i], areas[from.codes[i]]);
  std::sort(elements.begin(), elements.end());
  return elements;
}

double area_of(const Elements& elements) {
  double area = 0;
  for (const auto& [distance, own] : elements) area += own;
  return area;
}

// The distance within which this part of the area lies.
double quantile_mm(const Elements& elements, double part) {
  const double whole = area_of(elements);
  double area = 0;
  for (const auto& [distance, own] : elements) {
    area += own;
    if (area / whole >= part) return distance;
  }
  return elements.back().first;
}

double mean_mm(const Elements& elements) {
  double sum = 0;
  for (const auto& [distance, own] : elements) sum += distance * own;
  return sum / area_of(elements);
}

double area_within(const Elements& elements, double tolerance_mm) {
  double area = 0;
  for (const auto& [distance, own] : elements)
    if (distance <= tolerance_mm) area += own;
  return area;
}

bool has_label(std::span<const std::uint8_t> map, std::uint8_t label) {
  return std::find(map.begin(), map.end(), label) != map.end();
}

}  // namespace

SurfaceScores surface_scores(std::span<const std::uint8_t> prediction, std::span<const std::uint8_t> reference,
                             const std::array<std::int64_t, 3>& size, const io::Vector3& spacing_mm, std::uint8_t label,
                             double tolerance_mm) {
  const auto count = static_cast<std::size_t>(size[0] * size[1] * size[2]);
  if (prediction.size() != count || reference.size() != count)
    throw std::invalid_argument("prediction and reference must be as large as their size says");
  if (!(spacing_mm[0] > 0 && spacing_mm[1] > 0 && spacing_mm[2] > 0 && tolerance_mm >= 0))
    throw std::invalid_argument("surface distances need a positive spacing and a tolerance that is not negative");
  if (!has_label(reference, label)) return {kNotScored, kNotScored, kNotScored, kNotScored};
  constexpr double kFar = std::numeric_limits<double>::infinity();
  if (!has_label(prediction, label)) return {kFar, kFar, kFar, 0};
  const Maps maps{prediction, reference, size, label};
  const SurfaceBox box = box_about(maps);
  const std::array<double, 3> spacing_zyx = {spacing_mm[2], spacing_mm[1], spacing_mm[0]};
  const Surface predicted = surface_of(prediction, maps, box, spacing_zyx);
  const Surface expected = surface_of(reference, maps, box, spacing_zyx);
  const std::array<double, 256> areas = surface_areas_mm2(spacing_mm);
  const Elements from_prediction = elements_of(predicted, expected, areas);
  const Elements from_reference = elements_of(expected, predicted, areas);
  return {std::max(quantile_mm(from_reference, 0.95), quantile_mm(from_prediction, 0.95)), mean_mm(from_reference),
          mean_mm(from_prediction),
          (area_within(from_reference, tolerance_mm) + area_within(from_prediction, tolerance_mm)) /
              (area_of(from_reference) + area_of(from_prediction))};
}

}  // namespace ctforge::eval
