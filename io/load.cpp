// Requests for the voxels of a series and of its label map.
#include "io/load.h"

#include "io/decode_client.h"
#include "io/resample.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

namespace ctforge::io {

namespace {

DecodeRequest volume_request(const std::vector<std::filesystem::path>& files, const Geometry& geometry) {
  DecodeRequest request;
  request.task = is_nifti(files.front()) ? DecodeTask::Nifti : DecodeTask::Itk;
  request.size = geometry.size;
  request.voxel_cap = geometry.voxels();
  for (const auto& file : files) request.paths.push_back(file.string());
  return request;
}

// A tenth of the smallest voxel edge: tools round positions differently, and a label that far off is still in its
// voxel.
double label_tolerance_mm(const Geometry& geometry) {
  return 0.1 * *std::min_element(geometry.spacing_mm.begin(), geometry.spacing_mm.end());
}

template <class Value>
std::vector<Value> decode_voxels(const DecodeRequest& request, const DecodeOptions& options) {
  std::vector<Value> values;
  const auto voxel_bytes = request.voxels() * static_cast<std::int64_t>(sizeof(Value));
  run_decoder(request, voxel_bytes, options, [&](std::span<const std::byte> bytes) {
    const auto* first = reinterpret_cast<const Value*>(bytes.data());
    values.assign(first, first + request.voxels());
  });
  return values;
}

// DICOM tells its modality, a volume file does not, and a label map that the patterns miss would be trained on as CT.
// No CT of a body lies within 0 to 255 HU: fat and air are below, bone is above.
void refuse_label_map(const std::vector<std::int16_t>& hu) {
  std::array<bool, 256> seen{};
  for (const std::int16_t value : hu) {
    if (value < 0 || value > 255) return;
    seen[static_cast<std::size_t>(value)] = true;
  }
  throw DataError(Fault::NotCt, "all voxels have one of " + std::to_string(std::count(seen.begin(), seen.end(), true)) +
                                    " values from 0 to 255: a label map, or an image that has lost its HU");
}

}  // namespace

Volume load_volume(const Series& series, const DecodeOptions& options) {
  if (!series.accepted()) throw DataError(series.refusals.front().fault, series.refusals.front().message);
  DecodeRequest request = volume_request(series.files, series.geometry);
  if (series.kind == SourceKind::Dicom) request.task = DecodeTask::DicomSlices;
  Volume volume{series.geometry, decode_voxels<std::int16_t>(request, options)};
  if (series.kind == SourceKind::VolumeFile) refuse_label_map(volume.hu);
  return volume;
}

LabelMap load_labels(const Series& series, const DecodeOptions& options) {
  if (series.labels.empty()) throw std::invalid_argument("the series has no label map");
  constexpr std::int64_t any_size = std::numeric_limits<std::int64_t>::max();
  const Geometry geometry = read_volume_header(series.labels, any_size, options).geometry;
  const double tolerance_mm = label_tolerance_mm(series.geometry);
  const auto same = [tolerance_mm](const Geometry& a, const Geometry& b) {
    return a.size == b.size && same_grid(a, b, tolerance_mm);
  };
  const bool reordered = !same(geometry, series.geometry);
  // Converters store rows bottom up, or slices from the head: the same voxels in another order.
  if (reordered && !same(axial_geometry(geometry), axial_geometry(series.geometry)))
    throw DataError(Fault::LabelMismatch, "the label map lies on another grid than its CT");
  DecodeRequest request = volume_request({series.labels}, geometry);
  request.labels = true;
  auto values = decode_voxels<std::uint8_t>(request, options);
  if (!reordered) return {series.geometry, std::move(values)};
  return {axial_geometry(series.geometry), to_axial(LabelMap{geometry, std::move(values)}).label};
}

}  // namespace ctforge::io
