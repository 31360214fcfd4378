// Comparing the grids of a label map and its CT.
#include "io/labels/label_grid.h"

#include "io/decode/decode_client.h"
#include "io/dicom/dicom_segmentation.h"
#include "io/volume/resample.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ctforge::io {

namespace {

// A tenth of the smallest voxel edge: tools round positions differently, and a label that far off is still in its
// voxel.
double tolerance_mm(const Geometry& geometry) {
  return 0.1 * *std::min_element(geometry.spacing_mm.begin(), geometry.spacing_mm.end());
}

// Both in axial order. None when the planes, directions or pixels are not the same.
std::optional<std::array<std::int64_t, 2>> find_shift(const Geometry& labels, const Geometry& ct) {
  if (labels.size[2] != ct.size[2]) return {};
  Geometry there = ct;
  there.origin_mm = labels.origin_mm;
  there.size = labels.size;
  if (!same_grid(there, labels, tolerance_mm(ct))) return {};
  const Vector3 first = point_to_index(ct, labels.origin_mm);
  if (std::abs(first[2]) > 0.1) return {};
  return std::array{static_cast<std::int64_t>(std::llround(first[0])),
                    static_cast<std::int64_t>(std::llround(first[1]))};
}

}  // namespace

LabelMap move_in_planes(const LabelMap& axial, const std::array<std::int64_t, 2>& shift, const Geometry& axial_ct) {
  const auto& from = axial.geometry.size;
  const auto& to = axial_ct.size;
  LabelMap moved{axial_ct, std::vector<std::uint8_t>(static_cast<std::size_t>(axial_ct.voxels()))};
  const std::int64_t first = std::clamp<std::int64_t>(shift[0], 0, to[0]);
  const std::int64_t last = std::clamp<std::int64_t>(shift[0] + from[0], first, to[0]);
  for (std::int64_t z = 0; z < to[2]; ++z)
    for (std::int64_t y = 0; y < to[1]; ++y) {
      const std::int64_t row = y - shift[1];
      if (row < 0 || row >= from[1] || first == last) continue;
      const auto source = axial.label.begin() + ((z * from[1] + row) * from[0] + first - shift[0]);
      std::copy(source, source + (last - first), moved.label.begin() + ((z * to[1] + y) * to[0] + first));
    }
  return moved;
}

LabelGrid read_label_grid(const std::filesystem::path& labels, const Geometry& ct, const DecodeOptions& options,
                          bool tilted) {
  constexpr std::int64_t any_size = std::numeric_limits<std::int64_t>::max();
  const Geometry geometry = read_volume_header(labels, any_size, options).geometry;
  const auto same = [within_mm = tolerance_mm(ct)](const Geometry& a, const Geometry& b) {
    return a.size == b.size && same_grid(a, b, within_mm);
  };
  if (same(geometry, ct)) return {geometry, false, {}};
  // Converters store rows bottom up, or slices from the head: the same voxels in another order.
  const Geometry axial = axial_geometry(geometry), axial_ct = axial_geometry(ct);
  if (same(axial, axial_ct)) return {geometry, true, {}};
  const auto shift = tilted ? find_shift(axial, axial_ct) : std::nullopt;
  if (!shift)
    throw DataError(Fault::LabelMismatch,
                    std::string("the label map lies on another grid than its CT") +
                        (tilted ? ", whose tilted slices were resampled to an upright grid" : ""));
  return {geometry, false, shift};
}

void check_label_grids(const Series& series, const DecodeOptions& options) {
  if (!series.labels.empty()) read_label_grid(series.labels, series.geometry, options, series.tilt.has_value());
  for (const LabelObject& object : series.label_objects) {
    const auto labels = labels_by_number(object);
    if (object.kind != LabelObjectKind::Segmentation || labels.empty()) continue;
    const Segmentation segmentation = read_segmentation(object.file);
    for (const SegmentationFrame& frame : segmentation.frames)
      if (segmentation.type == SegmentationType::Labelmap || labels.contains(frame.segment))
        place_frame(segmentation, frame, series.geometry, series.tilt.has_value());
  }
}

}  // namespace ctforge::io
