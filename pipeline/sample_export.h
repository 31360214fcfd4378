// Samples as files that imaging software opens: NIfTI volumes, or CT series in DICOM with NIfTI label maps. Masks as
// DICOM segmentations (SEG) are not written.
#pragma once

#include "pipeline/context.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace ctforge::pipeline {

// What the samples were drawn from, as each DICOM file tells it in its Contributing Equipment.
struct SampleOrigin {
  std::string checkpoint_sha256;  // of the generator
  std::int64_t checkpoint_step = 0;
  std::uint64_t seed = 0;  // of the samples
};

// Reads the shards synthetic-* of `samples` and writes, a sample, samples/nifti/SYN-000001.nii.gz (int16 HU) and
// SYN-000001_mask.nii.gz (uint8 label values): one slice thick, with the shards' spacing, origin 0. Each file is
// written atomically and kept when it is there; those of samples that are no more are removed. Throws Interrupted
// between samples, io::DataError for damaged shards.
void export_nifti(const std::filesystem::path& samples, const Context& context);

// Likewise samples/dicom/SYN-000001/CT000001.dcm, a CT series of one slice marked as synthetic (io::write_ct_series),
// and samples/dicom/SYN-000001_mask.nii.gz on the same grid.
void export_dicom(const std::filesystem::path& samples, const SampleOrigin& origin, const Context& context);

}  // namespace ctforge::pipeline
