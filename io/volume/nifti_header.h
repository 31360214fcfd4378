// The gate for NIfTI files: everything that can be judged from the header and the file's size, before any voxel is
// read. NIfTI-1 (nifti1.h, https://nifti.nimh.nih.gov/nifti-1) and NIfTI-2 in one file, plain or gzip.
#pragma once

#include "io/volume/geometry.h"
#include "io/volume/scalar.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ctforge::io {

struct NiftiHeader {
  Geometry geometry;         // LPS mm, right-handed
  bool flip_slices = false;  // the file stores the slices in the opposite order: its axes are left-handed
  Scalar scalar = Scalar::I16;
  bool swapped = false;  // byte order of the file is not this machine's
  bool gzip = false;
  double slope = 1, intercept = 0;  // HU = slope * stored + intercept (scl_slope 0 means 1 and 0)
  std::int64_t data_offset = 0;     // bytes before the voxels, in the expanded file
  std::vector<std::string> notes;

  std::int64_t data_bytes() const { return geometry.voxels() * scalar_bytes(scalar); }
};

// Bytes that a file may hold, expanded, beyond its voxels: padding. A file that holds more is not what its header says.
inline constexpr std::int64_t kMostTrailingBytes = 1 << 20;

// Throws DataError: Unreadable; TruncatedFile; InvalidHeader (magic, offset, type, dimension, spacing, unit, more
// than kMostTrailingBytes left over); NotThreeDimensional; TooLarge beyond voxel_cap; InvalidRescale;
// InconsistentGeometry (sform and qform place a corner differently, shear, or neither is there); UnsupportedFormat
// (header and image in two files). No more of a compressed file is expanded than its header tells of and that many
// bytes, in pieces.
NiftiHeader read_nifti_header(const std::filesystem::path& path, std::int64_t voxel_cap);

}  // namespace ctforge::io
