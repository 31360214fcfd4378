// NRRD and MetaImage files through ITK's readers, without ITK's conversions of voxels.
#include "io/decode/decode.h"
#include "io/volume/scalar.h"
#include "io/volume/slice_stack.h"
#include "io/volume/text_header.h"

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include <itkImageIOBase.h>
#include <itkMetaImageIO.h>
#include <itkNrrdImageIO.h>

namespace ctforge::io {

namespace {

struct ItkVolume {
  Geometry geometry;
  bool flip_slices = false;
  Scalar scalar = Scalar::I16;
  TextHeader header;
  itk::ImageIOBase::Pointer reader;
};

std::optional<Scalar> scalar_of(itk::ImageIOBase::IOComponentEnum component) {
  using Component = itk::ImageIOBase::IOComponentEnum;
  switch (component) {
    case Component::UCHAR:
      return Scalar::U8;
    case Component::CHAR:
      return Scalar::I8;
    case Component::USHORT:
      return Scalar::U16;
    case Component::SHORT:
      return Scalar::I16;
    case Component::UINT:
      return Scalar::U32;
    case Component::INT:
      return Scalar::I32;
    case Component::FLOAT:
      return Scalar::F32;
    case Component::DOUBLE:
      return Scalar::F64;
    default:
      return {};
  }
}

void read_geometry(ItkVolume& volume, std::int64_t voxel_cap) {
  Geometry& geometry = volume.geometry;
  std::array<Vector3, 3> column;
  std::int64_t voxels = 1;
  for (unsigned axis = 0; axis < 3; ++axis) {
    const auto size = volume.reader->GetDimensions(axis);
    if (size < 1) throw DataError(Fault::InvalidHeader, "a dimension is zero");
    if (size > static_cast<std::uint64_t>(voxel_cap / voxels))
      throw DataError(Fault::TooLarge, "more voxels than the cap of " + std::to_string(voxel_cap));
    geometry.size[axis] = static_cast<std::int64_t>(size);
    voxels *= geometry.size[axis];
    geometry.spacing_mm[axis] = volume.reader->GetSpacing(axis);
    geometry.origin_mm[axis] = volume.reader->GetOrigin(axis);
    if (!std::isfinite(geometry.spacing_mm[axis]) || geometry.spacing_mm[axis] <= 0 ||
        !std::isfinite(geometry.origin_mm[axis]))
      throw DataError(Fault::InvalidHeader, "a voxel spacing is zero or negative, or a position is not a number");
    const std::vector<double> direction = volume.reader->GetDirection(axis);
    column[axis] = {direction.at(0), direction.at(1), direction.at(2)};
  }
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = i; j < 3; ++j)
      if (!(std::abs(dot(column[i], column[j]) - (i == j ? 1.0 : 0.0)) <= 1e-3))
        throw DataError(Fault::InconsistentGeometry, "the axes of the volume are not at right angles (shear)");
  volume.flip_slices = dot(cross(column[0], column[1]), column[2]) < 0;
  if (volume.flip_slices) {
    const double depth = geometry.spacing_mm[2] * static_cast<double>(geometry.size[2] - 1);
    for (std::size_t row = 0; row < 3; ++row) geometry.origin_mm[row] += column[2][row] * depth;
  }
  geometry.direction = orthonormal(column[0], column[1]);
}

ItkVolume open_volume(const std::string& path, std::int64_t voxel_cap) {
  const TextHeader header = read_text_header(path);
  ItkVolume volume;
  if (header.nrrd)
    volume.reader = itk::NrrdImageIO::New();
  else
    volume.reader = itk::MetaImageIO::New();
  try {
    volume.reader->SetFileName(path);
    volume.reader->ReadImageInformation();
  } catch (const itk::ExceptionObject&) {
    throw DataError(Fault::InvalidHeader, "the header cannot be read");
  }
  if (volume.reader->GetNumberOfDimensions() != 3 || volume.reader->GetNumberOfComponents() != 1)
    throw DataError(Fault::NotThreeDimensional, "not one volume of three dimensions and one channel");
  const std::optional<Scalar> scalar = scalar_of(volume.reader->GetComponentType());
  if (!scalar) throw DataError(Fault::InvalidHeader, "the voxel type is not read");
  volume.scalar = *scalar;
  read_geometry(volume, voxel_cap);
  volume.header = header;
  check_raw_length(header, volume.geometry.voxels() * scalar_bytes(volume.scalar));
  return volume;
}

std::vector<std::byte> read_stored(ItkVolume& volume) {
  std::vector<std::byte> stored(static_cast<std::size_t>(volume.geometry.voxels() * scalar_bytes(volume.scalar)));
  check_compressed_length(volume.header, static_cast<std::int64_t>(stored.size()));
  itk::ImageIORegion region(3);
  for (unsigned axis = 0; axis < 3; ++axis) {
    region.SetIndex(axis, 0);
    region.SetSize(axis, static_cast<itk::ImageIORegion::SizeValueType>(volume.geometry.size[axis]));
  }
  try {
    volume.reader->SetIORegion(region);
    volume.reader->Read(stored.data());
  } catch (const itk::ExceptionObject&) {
    throw DataError(Fault::TruncatedFile, "the voxels are damaged or cut short");
  }
  return stored;
}

}  // namespace

void decode_itk(const DecodeRequest& request, std::span<std::byte> voxels, DecodeReply& reply) {
  itk::Object::GlobalWarningDisplayOff();
  ItkVolume volume = open_volume(request.paths.front(), request.voxel_cap);
  reply.geometry = volume.geometry;
  reply.scalar = static_cast<std::int64_t>(volume.scalar);
  if (request.task == DecodeTask::ItkHeader) return;
  if (volume.geometry.size != request.size)
    throw DataError(Fault::InvalidHeader, "the size of the volume changed since it was listed");
  const std::vector<std::byte> stored = read_stored(volume);
  const std::int64_t slices = volume.geometry.size[2];
  const auto count = static_cast<std::size_t>(volume.geometry.size[0] * volume.geometry.size[1]);
  const std::size_t slice_bytes = count * static_cast<std::size_t>(scalar_bytes(volume.scalar));
  for (std::int64_t at = 0; at < slices; ++at) {
    const auto source = std::span(stored).subspan(static_cast<std::size_t>(at) * slice_bytes, slice_bytes);
    const std::size_t first = static_cast<std::size_t>(volume.flip_slices ? slices - 1 - at : at) * count;
    if (request.labels)
      convert_to_labels(volume.scalar, source, false, {},
                        {reinterpret_cast<std::uint8_t*>(voxels.data()) + first, count});
    else
      convert_to_hu(volume.scalar, source, false, {}, {reinterpret_cast<std::int16_t*>(voxels.data()) + first, count});
  }
}

}  // namespace ctforge::io
