// Chooses the reader for a request, and reads NIfTI.
#include "io/decode/decode.h"

#include "io/volume/gzip_reader.h"
#include "io/volume/nifti_header.h"
#include "io/volume/scalar.h"

#include <stdexcept>
#include <vector>

namespace ctforge::io {

void decode_nifti(const DecodeRequest& request, std::span<std::byte> voxels, DecodeReply& reply) {
  const NiftiHeader header = read_nifti_header(request.paths.front(), request.voxel_cap);
  if (header.geometry.size != request.size)
    throw DataError(Fault::InvalidHeader, "the size of the volume changed since it was listed");
  reply.geometry = header.geometry;
  reply.scalar = static_cast<std::int64_t>(header.scalar);
  GzipReader reader(request.paths.front());
  std::vector<std::byte> buffer(static_cast<std::size_t>(header.data_offset));
  const auto read_all = [&] {
    if (reader.read(buffer) < buffer.size()) throw DataError(Fault::TruncatedFile, "the file ends within its voxels");
  };
  read_all();
  const std::int64_t slice = header.geometry.size[0] * header.geometry.size[1], slices = header.geometry.size[2];
  buffer.resize(static_cast<std::size_t>(slice * scalar_bytes(header.scalar)));
  const Rescale rescale = {header.slope, header.intercept};
  for (std::int64_t stored = 0; stored < slices; ++stored) {
    read_all();
    const std::int64_t z = header.flip_slices ? slices - 1 - stored : stored;
    const auto count = static_cast<std::size_t>(slice), first = static_cast<std::size_t>(z) * count;
    if (request.labels)
      convert_to_labels(header.scalar, buffer, header.swapped, rescale,
                        {reinterpret_cast<std::uint8_t*>(voxels.data()) + first, count});
    else
      convert_to_hu(header.scalar, buffer, header.swapped, rescale,
                    {reinterpret_cast<std::int16_t*>(voxels.data()) + first, count});
  }
  // Reading on makes zlib compare the checksum behind the voxels, and shows what the size at the end of a gzip file of
  // several members hides.
  buffer.resize(static_cast<std::size_t>(kMostTrailingBytes) + 1);
  if (reader.read(buffer) == buffer.size())
    throw DataError(Fault::InvalidHeader, "the file holds far more than its header tells of");
}

void decode(const DecodeRequest& request, std::span<std::byte> voxels, DecodeReply& reply) {
  const bool header_only = request.task == DecodeTask::ItkHeader;
  const std::size_t element = request.labels ? sizeof(std::uint8_t) : sizeof(std::int16_t);
  if (!header_only && voxels.size() < static_cast<std::size_t>(request.voxels()) * element)
    throw std::invalid_argument("the shared memory is smaller than the volume");
  switch (request.task) {
    case DecodeTask::DicomSlices:
      return decode_dicom(request, voxels);
    case DecodeTask::Nifti:
      return decode_nifti(request, voxels, reply);
    case DecodeTask::Itk:
    case DecodeTask::ItkHeader:
      return decode_itk(request, voxels, reply);
    case DecodeTask::Segmentation:
    case DecodeTask::StructureSet:
      return decode_label_object(request, voxels);
  }
}

}  // namespace ctforge::io
