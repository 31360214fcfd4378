// Slices and corners to places in a grid.
#include "eval/patch_volume.h"

#include "io/file/fault.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <stdexcept>

namespace ctforge::eval {
namespace {

// The greatest distance that all slices with patches are multiples of, from the first; 1 for one slice alone.
std::int64_t stride_of(const PatchSet& set, const Indices& patches, std::int64_t first) {
  std::int64_t stride = 0;
  for (const std::int64_t patch : patches)
    stride = std::gcd(stride, set.place[static_cast<std::size_t>(patch)].slice - first);
  return std::max<std::int64_t>(1, stride);
}

// z, y, x of a patch's first voxel in the series.
std::array<std::int64_t, 3> place_of(const io::PatchPlace& place) {
  return {place.slice, place.corner[1], place.corner[0]};
}

}  // namespace

PatchVolume volume_of(const PatchSet& set, const Indices& patches) {
  if (patches.empty()) throw std::invalid_argument("a volume needs patches");
  const io::PatchPlace& any = set.place[static_cast<std::size_t>(patches[0])];
  std::array<std::int64_t, 3> first = place_of(any);
  for (const std::int64_t patch : patches) {
    const auto own = place_of(set.place[static_cast<std::size_t>(patch)]);
    for (std::size_t axis = 0; axis < 3; ++axis) first[axis] = std::min(first[axis], own[axis]);
  }
  const std::int64_t stride = stride_of(set, patches, first[0]);
  PatchVolume volume;
  volume.spacing_mm = {any.voxel_mm[0], any.voxel_mm[1], static_cast<double>(stride) * any.voxel_mm[2]};
  std::set<std::array<std::int64_t, 3>> taken;
  for (const std::int64_t patch : patches) {
    const io::PatchPlace& place = set.place[static_cast<std::size_t>(patch)];
    const auto own = place_of(place);
    const std::array<std::int64_t, 3> corner = {(own[0] - first[0]) / stride, own[1] - first[1], own[2] - first[2]};
    if (!taken.insert(corner).second || place.voxel_mm != any.voxel_mm)
      throw io::DataError(io::Fault::InvalidShard, "patches of a series lie at one place, or their voxels differ");
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
