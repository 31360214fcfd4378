// DICOM RTSTRUCT: contours laid upon the slices of a CT and filled.
#pragma once

#include "io/labels/contour_raster.h"
#include "io/labels/label_slices.h"
#include "io/volume/geometry.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace ctforge::io {

struct SliceContour {
  std::int64_t slice = 0;
  Contour outline;  // in pixels of the slice
};

// points_mm: x, y, z of each corner, LPS. Empty for a contour beyond the first or last slice (by more than half their
// distance). Throws DataError(LabelMismatch) unless all its points lie within a quarter of the slice distance of one
// slice's plane.
std::optional<SliceContour> place_contour(std::span<const double> points_mm, const Geometry& ct);

// labels: ROI number to label. The contours of a structure on one slice are filled by the even-odd rule
// (io/labels/contour_raster.h), slices between contours stay empty, and where structures overlap the higher label
// stays. Contours that are not closed and planar are ignored. voxels: [z,y,x], zero at first. DICOM PS3.3 C.8.8.6.
// Throws DataError: MalformedDicom for points that are not NumberOfContourPoints finite triples; LabelMismatch, also
// for an image of ContourImageSequence that is another slice than the contour's (slices: where images lie).
void decode_contours(const std::filesystem::path& path, const Geometry& ct,
                     const std::map<std::int64_t, std::uint8_t>& labels, const LabelSlices& slices,
                     std::span<std::uint8_t> voxels);

}  // namespace ctforge::io
