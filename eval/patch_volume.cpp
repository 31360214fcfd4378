// Slices and positions to places in a grid.
#include "eval/patch_volume.h"

#include "io/fault.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <stdexcept>

namespace ctforge::eval {
namespace {

// Of each patch, counted in patches, with the voxel's size along the axis.
struct Columns {
  std::vector<std::int64_t> place;
  double spacing_mm = 1;
};

// Patches along one axis of the slices: extent voxels each, of about the spacing given.
Columns columns_of(const std::vector<double>& position_mm, std::int64_t extent, double spacing_mm) {
  const double first = *std::min_element(position_mm.begin(), position_mm.end());
  const double expected = static_cast<double>(extent) * spacing_mm;
  double step = expected;
  double nearest = std::numeric_limits<double>::infinity();
  for (const double position : position_mm)
    if (position - first > expected / 2) nearest = std::min(nearest, position - first);
  if (std::isfinite(nearest)) step = nearest / std::max(1.0, std::round(nearest / expected));
  Columns columns;
  columns.spacing_mm = step / static_cast<double>(extent);
  for (const double position : position_mm) columns.place.push_back(std::llround((position - first) / step));
  return columns;
}

std::vector<double> along(const PatchSet& set, const Indices& patches, std::size_t axis) {
  std::vector<double> positions;
  for (const std::int64_t patch : patches) positions.push_back(set.position_mm[static_cast<std::size_t>(patch)][axis]);
  return positions;
}

struct Slices {
  std::vector<std::int64_t> place;
  std::int64_t stride = 1;
};

Slices slices_of(const PatchSet& set, const Indices& patches) {
  std::set<std::int64_t> found;
  for (const std::int64_t patch : patches) found.insert(set.slice[static_cast<std::size_t>(patch)]);
  Slices slices;
  std::int64_t stride = 0;
  for (const std::int64_t slice : found) stride = std::gcd(stride, slice - *found.begin());
  slices.stride = std::max<std::int64_t>(1, stride);
  for (const std::int64_t patch : patches)
    slices.place.push_back((set.slice[static_cast<std::size_t>(patch)] - *found.begin()) / slices.stride);
  return slices;
}

// From the positions of the first and the last slice's patches; 0 where they do not tell.
double slice_distance_mm(const PatchSet& set, const Indices& patches, const Columns& x, const Columns& y) {
  double distance = 0;
  std::int64_t slices = 0;
  for (std::size_t i = 1; i < patches.size(); ++i) {
    const auto a = static_cast<std::size_t>(patches[0]), b = static_cast<std::size_t>(patches[i]);
    const std::int64_t between = std::abs(set.slice[b] - set.slice[a]);
    if (x.place[i] != x.place[0] || y.place[i] != y.place[0] || between <= slices) continue;
    slices = between;
    const auto& p = set.position_mm[a];
    const auto& q = set.position_mm[b];
    distance = std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]) / static_cast<double>(between);
  }
  return distance;
}

}  // namespace

PatchVolume volume_of(const PatchSet& set, const Indices& patches) {
  if (patches.empty()) throw std::invalid_argument("a volume needs patches");
  const Columns x = columns_of(along(set, patches, 0), set.width, set.spacing_mm[0]);
  const Columns y = columns_of(along(set, patches, 1), set.height, set.spacing_mm[1]);
  const Slices z = slices_of(set, patches);
  const double told = slice_distance_mm(set, patches, x, y);
  PatchVolume volume;
  volume.spacing_mm = {x.spacing_mm, y.spacing_mm,
                       static_cast<double>(z.stride) * (told > 0 ? told : set.spacing_mm[2])};
  std::set<std::array<std::int64_t, 3>> taken;
  for (std::size_t i = 0; i < patches.size(); ++i) {
    const std::array<std::int64_t, 3> corner = {z.place[i], y.place[i] * set.height, x.place[i] * set.width};
    if (!taken.insert(corner).second)
      throw io::DataError(io::Fault::InvalidShard, "two held-out patches lie at one place of a series");
    volume.corners.push_back(corner);
    volume.size = {std::max(volume.size[0], corner[0] + 1), std::max(volume.size[1], corner[1] + set.height),
                   std::max(volume.size[2], corner[2] + set.width)};
  }
  return volume;
}

std::vector<std::uint8_t> assembled(const PatchVolume& volume, const torch::Tensor& patches) {
  if (patches.dim() != 3 || patches.size(0) != std::ssize(volume.corners) || patches.scalar_type() != torch::kUInt8)
    throw std::invalid_argument("assembled: patches must be [n,H,W] uint8, one for each corner");
  const torch::Tensor values = patches.contiguous();
  const auto* row = values.const_data_ptr<std::uint8_t>();
  std::vector<std::uint8_t> whole(static_cast<std::size_t>(volume.size[0] * volume.size[1] * volume.size[2]), 0);
  for (const auto& [z, y, x] : volume.corners)
    for (std::int64_t line = 0; line < values.size(1); ++line, row += values.size(2))
      std::copy(row, row + values.size(2), whole.begin() + ((z * volume.size[1] + y + line) * volume.size[2] + x));
  return whole;
}

}  // namespace ctforge::eval
