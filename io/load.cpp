// Requests for the voxels of a series and of its label map.
#include "io/load.h"

#include "io/decode_client.h"

#include <algorithm>
#include <cstring>
#include <limits>

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

}  // namespace

Volume load_volume(const Series& series, const DecodeOptions& options) {
  if (!series.accepted()) throw DataError(series.refusals.front().fault, series.refusals.front().message);
  DecodeRequest request = volume_request(series.files, series.geometry);
  if (series.kind == SourceKind::Dicom) request.task = DecodeTask::DicomSlices;
  return {series.geometry, decode_voxels<std::int16_t>(request, options)};
}

LabelMap load_labels(const Series& series, const DecodeOptions& options) {
  if (series.labels.empty()) throw std::invalid_argument("the series has no label map");
  std::vector<std::string> notes;
  constexpr std::int64_t any_size = std::numeric_limits<std::int64_t>::max();
  const Geometry geometry = read_volume_geometry(series.labels, any_size, options, notes);
  if (geometry.size != series.geometry.size ||
      !same_grid(geometry, series.geometry, label_tolerance_mm(series.geometry)))
    throw DataError(Fault::LabelMismatch, "the label map lies on another grid than its CT");
  DecodeRequest request = volume_request({series.labels}, series.geometry);
  request.labels = true;
  return {series.geometry, decode_voxels<std::uint8_t>(request, options)};
}

}  // namespace ctforge::io
