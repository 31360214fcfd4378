// Any bytes as a NIfTI file, plain or gzip: refused, or of a geometry and a size that the reader can rely on.
#include "io/file/fault.h"
#include "io/volume/nifti_header.h"
#include "tests/fuzz/memory_file.h"

#include <cmath>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ctforge;
  constexpr std::int64_t voxel_cap = 1 << 24;
  const test::MemoryFile file(data, size);
  try {
    const io::NiftiHeader header = io::read_nifti_header(file.path(), voxel_cap);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      test::require(header.geometry.size[axis] > 0);
      test::require(std::isfinite(header.geometry.spacing_mm[axis]) && header.geometry.spacing_mm[axis] > 0);
      test::require(std::isfinite(header.geometry.origin_mm[axis]));
    }
    test::require(header.geometry.voxels() <= voxel_cap && io::is_rotation(header.geometry.direction));
    test::require(header.data_offset >= 352 && std::isfinite(header.slope) && std::isfinite(header.intercept));
    test::require(header.gzip || header.data_offset + header.data_bytes() <= static_cast<std::int64_t>(size));
  } catch (const io::DataError&) {  // a refusal
  }
  return 0;
}
