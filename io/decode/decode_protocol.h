// What passes between load_volume() and the ctforge-decode program: a request, and a reply page before the voxels.
#pragma once

#include "io/file/fault.h"
#include "io/volume/geometry.h"
#include "io/volume/slice_source.h"

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ctforge::io {

enum class DecodeTask : std::int64_t {
  DicomSlices,   // paths: one a slice, in order, or those that slices refer to
  Nifti,         // paths: the file
  Itk,           // paths: a NRRD or MetaImage file
  ItkHeader,     // likewise, but only its geometry
  Segmentation,  // paths: a DICOM SEG, then the CT's slices in order, which may be left out
  StructureSet,  // likewise, an RTSTRUCT
};

struct DecodeRequest {
  DecodeTask task = DecodeTask::DicomSlices;
  bool labels = false;  // uint8 labels wanted rather than int16 HU
  std::int64_t threads = 1;
  std::int64_t memory_limit_bytes = 0;  // of address space
  std::int64_t cpu_limit_s = 0;         // of processor time
  std::int64_t voxel_cap = 0;
  std::array<std::int64_t, 3> size = {0, 0, 0};  // expected voxels along x, y, z; for ItkHeader not used
  std::vector<std::string> paths;
  std::vector<SliceSource> slices;  // DicomSlices: where each lies, if not each in a file of its own
  // Of Segmentation and StructureSet: the CT's grid but for its size, and segment or ROI numbers with their labels.
  Geometry grid;
  bool tilted = false;  // its slices were moved in their planes to this grid
  std::map<std::int64_t, std::uint8_t> structures;

  std::int64_t voxels() const { return size[0] * size[1] * size[2]; }
};

// Bytes with lengths, for programs built together; not a file format.
std::string encode_request(const DecodeRequest& request);
// Throws std::invalid_argument for bytes that encode_request() did not make.
DecodeRequest decode_request(std::string_view bytes);

// Descriptors of the child.
inline constexpr int kRequestDescriptor = 3;
inline constexpr int kResultDescriptor = 4;
// Voxels begin here in the shared memory; the reply lies before them.
inline constexpr std::size_t kVoxelOffset = 4096;

enum class DecodeStatus : std::int64_t { Nothing, Done, Refused, Failed };

// Lies at the beginning of the shared memory.
struct DecodeReply {
  DecodeStatus status = DecodeStatus::Nothing;
  std::array<char, 64> fault{};      // code of the fault, when Refused
  std::array<char, 1024> message{};  // ends with a zero
  Geometry geometry;                 // of volume files
  std::int64_t scalar = 0;           // Scalar of volume files
};
static_assert(sizeof(DecodeReply) <= kVoxelOffset);

void write_refusal(DecodeReply& reply, const DataError& error);
void write_failure(DecodeReply& reply, std::string_view message);
// Throws what the reply says: DataError when refused, std::runtime_error when failed or empty.
void check_reply(const DecodeReply& reply);

}  // namespace ctforge::io
