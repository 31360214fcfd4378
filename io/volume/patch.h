// Where patches are cut from a volume in axial order, and which are kept.
#pragma once

#include "io/volume/volume.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ctforge::io {

// What lies beyond the grid: air as a scanner's smallest CT number, and no label.
inline constexpr std::int16_t kPaddingHu = -1024;

// The part of a volume that is the patient: voxels above threshold_hu, in blocks of about 4 mm averaged first, opened
// by one block (so that a thin couch or head rest lets go), the largest of the 6-connected components, dilated back.
// Returns its centroid as an index of the volume (fractional x, y, z); empty when no voxel is above the threshold.
std::optional<Vector3> body_centre(const Volume& volume, double threshold_hu = -300);

// A rectangle of a slice, voxels; it may reach beyond the grid.
struct Window2d {
  std::int64_t x = 0, y = 0;  // first voxel
  std::int64_t width = 0, height = 0;
};

// The window of this size about a (fractional) index; a whole number of voxels from the grid's first.
Window2d window_about(double centre_x, double centre_y, std::int64_t width, std::int64_t height);

// Windows every stride voxels, row by row. With a stride below the window's size they cover the grid, the first
// beginning and the last ending with it. With a stride of that size they cover it without a voxel in two windows: where
// their number does not fit, they reach beyond both ends alike, as one window does along an axis no longer than itself.
// With a larger stride as many as fit, about the middle.
std::vector<Window2d> window_grid(std::int64_t grid_width, std::int64_t grid_height, std::int64_t width,
                                  std::int64_t height, std::int64_t stride_x, std::int64_t stride_y);

// The smallest part of the grid that holds what the windows hold of it: first and size for x and y. Empty windows
// (all beyond the grid) give a single voxel.
Window2d covered_part(const std::vector<Window2d>& windows, std::int64_t grid_width, std::int64_t grid_height);

// Copies one window of slice z out of data [z,y,x] of this size, padding what lies beyond the slice.
void cut(std::span<const std::int16_t> data, const std::array<std::int64_t, 3>& size, std::int64_t z,
         const Window2d& window, std::int16_t padding, std::vector<std::int16_t>& patch);
void cut(std::span<const std::uint8_t> data, const std::array<std::int64_t, 3>& size, std::int64_t z,
         const Window2d& window, std::uint8_t padding, std::vector<std::uint8_t>& patch);

// Fraction of values above threshold_hu.
double fraction_above(std::span<const std::int16_t> hu, double threshold_hu);

// How many voxels each label 0..255 has.
std::array<std::int64_t, 256> label_counts(std::span<const std::uint8_t> mask);

}  // namespace ctforge::io
