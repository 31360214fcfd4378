// Requests for the voxels of a series and of its label map.
#include "io/volume/load.h"

#include "io/decode/decode_client.h"
#include "io/labels/label_grid.h"
#include "io/labels/label_match.h"
#include "io/volume/resample.h"

#include <algorithm>
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

// DICOM tells its modality, a volume file does not: a label map that the patterns miss, or a CT saved without its
// offset of -1024 HU, would be trained on. Fat and air lie below 0 HU in every CT of a body.
void refuse_what_has_no_hu(const std::vector<std::int16_t>& hu) {
  if (std::none_of(hu.begin(), hu.end(), [](std::int16_t value) { return value < 0; }))
    throw DataError(Fault::NotCt, "no voxel lies below 0 HU: a label map, or an image that has lost its HU");
}

// Where objects overlap the higher label stays, as within an object.
LabelMap load_label_objects(const Series& series, const DecodeOptions& options) {
  LabelMap labels{series.geometry, std::vector<std::uint8_t>(static_cast<std::size_t>(series.geometry.voxels()))};
  for (const LabelObject& object : series.label_objects) {
    DecodeRequest request = volume_request({object.file}, series.geometry);
    request.task = object.kind == LabelObjectKind::Segmentation ? DecodeTask::Segmentation : DecodeTask::StructureSet;
    request.labels = true;
    request.grid = series.geometry;
    request.tilted = series.tilt.has_value();
    request.structures = labels_by_number(object);
    if (request.structures.empty()) continue;
    if (static_cast<std::int64_t>(series.files.size()) == series.geometry.size[2])
      for (const auto& file : series.files) request.paths.push_back(file.string());
    try {
      const auto values = decode_voxels<std::uint8_t>(request, options);
      std::transform(values.begin(), values.end(), labels.label.begin(), labels.label.begin(),
                     [](std::uint8_t a, std::uint8_t b) { return std::max(a, b); });
    } catch (const DataError& error) {
      throw DataError(error.fault(), std::string(label_object_name(object.kind)) + ": " + error.what());
    }
  }
  return labels;
}

}  // namespace

std::map<std::int64_t, std::uint8_t> labels_by_number(const LabelObject& object) {
  std::map<std::int64_t, std::uint8_t> labels;
  for (const LabelStructure& structure : object.structures)
    if (structure.label > 0) labels.emplace(structure.number, structure.label);
  return labels;
}

Volume load_volume(const Series& series, const DecodeOptions& options) {
  if (!series.accepted()) throw DataError(series.refusals.front().fault, series.refusals.front().message);
  DecodeRequest request = volume_request(series.files, series.geometry);
  if (series.kind == SourceKind::Dicom) {
    request.task = DecodeTask::DicomSlices;
    request.slices = series.slices;
    if (series.tilt) std::copy(series.tilt->size.begin(), series.tilt->size.end(), request.size.begin());
  }
  Volume volume{series.geometry, decode_voxels<std::int16_t>(request, options)};
  if (series.tilt) volume.hu = make_upright(volume.hu, *series.tilt, series.geometry.size);
  if (series.kind == SourceKind::VolumeFile) refuse_what_has_no_hu(volume.hu);
  return volume;
}

LabelMap load_labels(const Series& series, const DecodeOptions& options) {
  if (!series.labelled()) throw std::invalid_argument("the series has no label map");
  if (series.labels.empty()) return load_label_objects(series, options);
  const auto [geometry, reordered, shift] =
      read_label_grid(series.labels, series.geometry, options, series.tilt.has_value());
  DecodeRequest request = volume_request({series.labels}, geometry);
  request.labels = true;
  auto values = decode_voxels<std::uint8_t>(request, options);
  if (shift)
    return move_in_planes(to_axial(LabelMap{geometry, std::move(values)}), *shift, axial_geometry(series.geometry));
  if (!reordered) return {series.geometry, std::move(values)};
  return {axial_geometry(series.geometry), to_axial(LabelMap{geometry, std::move(values)}).label};
}

}  // namespace ctforge::io
