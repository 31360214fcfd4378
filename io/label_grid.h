// Where a label map lies beside its CT, from the headers alone.
#pragma once

#include "io/geometry.h"
#include "io/load.h"

#include <filesystem>

namespace ctforge::io {

struct LabelGrid {
  Geometry geometry;       // as the label map's header says
  bool reordered = false;  // the CT's voxels in another order: rows bottom up, slices from the head
};

// Throws DataError: LabelMismatch when its voxels are not those of the CT, or what is wrong with the header.
LabelGrid read_label_grid(const std::filesystem::path& labels, const Geometry& ct, const DecodeOptions& options);

// What can be told of a series' label map, or of its SEG objects' frames, without decoding: throws DataError as
// load_labels() would. Contours of an RTSTRUCT are decoded first.
void check_label_grids(const Series& series, const DecodeOptions& options);

}  // namespace ctforge::io
