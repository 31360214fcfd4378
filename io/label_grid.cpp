// Comparing the grids of a label map and its CT.
#include "io/label_grid.h"

#include "io/decode_client.h"
#include "io/dicom_segmentation.h"
#include "io/resample.h"

#include <algorithm>
#include <limits>

namespace ctforge::io {

namespace {

// A tenth of the smallest voxel edge: tools round positions differently, and a label that far off is still in its
// voxel.
double tolerance_mm(const Geometry& geometry) {
  return 0.1 * *std::min_element(geometry.spacing_mm.begin(), geometry.spacing_mm.end());
}

}  // namespace

LabelGrid read_label_grid(const std::filesystem::path& labels, const Geometry& ct, const DecodeOptions& options) {
  constexpr std::int64_t any_size = std::numeric_limits<std::int64_t>::max();
  const Geometry geometry = read_volume_header(labels, any_size, options).geometry;
  const auto same = [within_mm = tolerance_mm(ct)](const Geometry& a, const Geometry& b) {
    return a.size == b.size && same_grid(a, b, within_mm);
  };
  const bool reordered = !same(geometry, ct);
  // Converters store rows bottom up, or slices from the head: the same voxels in another order.
  if (reordered && !same(axial_geometry(geometry), axial_geometry(ct)))
    throw DataError(Fault::LabelMismatch, "the label map lies on another grid than its CT");
  return {geometry, reordered};
}

void check_label_grids(const Series& series, const DecodeOptions& options) {
  if (!series.labels.empty()) read_label_grid(series.labels, series.geometry, options);
  for (const LabelObject& object : series.label_objects) {
    const auto labels = labels_by_number(object);
    if (object.kind != LabelObjectKind::Segmentation || labels.empty()) continue;
    const Segmentation segmentation = read_segmentation(object.file);
    for (const SegmentationFrame& frame : segmentation.frames)
      if (segmentation.type == SegmentationType::Labelmap || labels.contains(frame.segment))
        place_frame(segmentation, frame, series.geometry);
  }
}

}  // namespace ctforge::io
