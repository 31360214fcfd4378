// Resampling volumes and label maps to another spacing, and bringing them into axial order.
//
// Filter: the separable triangle (linear) kernel. Where an axis is coarsened its support is widened by the ratio of the
// spacings, which removes what the coarser grid cannot hold; where it is not, this is plain linear interpolation. With
// r = target / source spacing and target index i, the centre lies at source coordinate c = (i + 1/2) r, the weight of
// source voxel j is max(0, 1 - |j + 1/2 - c| / max(r, 1)), and the weights are normalised to sum to one. At the edges
// the kernel is cut off and renormalised, so nothing is mixed in from outside; beyond the last voxel's centre linear
// interpolation therefore repeats the edge. These are the conventions of PIL and of torch's
// interpolate(antialias=True).
#pragma once

#include "io/volume/volume.h"

#include <cstdint>

namespace ctforge::io {

// The grid with this spacing that covers the same extent: the outer faces of the first voxels coincide, and each axis
// has round(extent / spacing) voxels, at least 1, so that every centre lies within the extent. A spacing of 0 keeps the
// axis as it is. Throws std::invalid_argument for a negative or not finite spacing.
Geometry resampled_grid(const Geometry& geometry, const Vector3& spacing_mm);

// The part of a grid that starts at voxel `first` and has `size` voxels; it must lie within the grid.
Geometry part_of_grid(const Geometry& geometry, const std::array<std::int64_t, 3>& first,
                      const std::array<std::int64_t, 3>& size);

// Values on the target grid, whose axes must be parallel to the volume's (its direction equal); rounded to the nearest
// HU. Parallel over slices, the same bits with any number of threads. Throws std::invalid_argument for other axes.
Volume resample(const Volume& volume, const Geometry& target);

enum class LabelFilter {
  Nearest,  // the label of the voxel whose extent holds the centre (the higher one on a face)
  Linear,   // each label's indicator resampled as above; the label of the largest weight, ties to the lower label
};
LabelMap resample(const LabelMap& labels, const Geometry& target, LabelFilter filter);

// The same voxels with axes permuted and flipped so that x runs most nearly to the patient's left, y to the back and z
// to the head: slices are then axial, rows go towards posterior and columns towards left. An oblique volume keeps its
// own (nearly axial) slices and its direction; no voxel value changes.
Geometry axial_geometry(const Geometry& geometry);
Volume to_axial(Volume volume);
LabelMap to_axial(LabelMap labels);

}  // namespace ctforge::io
