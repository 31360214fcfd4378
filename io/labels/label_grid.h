// Where a label map lies beside its CT, from the headers alone.
#pragma once

#include "io/volume/geometry.h"
#include "io/volume/load.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace ctforge::io {

struct LabelGrid {
  Geometry geometry;       // as the label map's header says
  bool reordered = false;  // the CT's voxels in another order: rows bottom up, slices from the head
  // In axial order, voxel 0 of the label map is voxel `shift` of the CT's slices; only of tilted series.
  std::optional<std::array<std::int64_t, 2>> shift;
};

// tilted: of a CT resampled from tilted slices a grid may be accepted that lies in the same planes, but elsewhere in
// them: where upright slices begin and end is up to who makes them. Throws DataError: LabelMismatch when its voxels are
// not those of the CT, or what is wrong with the header.
LabelGrid read_label_grid(const std::filesystem::path& labels, const Geometry& ct, const DecodeOptions& options,
                          bool tilted);

// Labels in axial order moved within their planes to a grid in axial order; background where they do not reach.
LabelMap move_in_planes(const LabelMap& axial, const std::array<std::int64_t, 2>& shift, const Geometry& axial_ct);

// What can be told of a series' label map, or of its SEG objects' frames, without decoding: throws DataError as
// load_labels() would. Contours of an RTSTRUCT are decoded first.
void check_label_grids(const Series& series, const DecodeOptions& options);

}  // namespace ctforge::io
