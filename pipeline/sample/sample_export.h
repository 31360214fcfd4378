// Samples as files that imaging software opens: NIfTI volumes and label maps, or CT and segmentations in DICOM.
#pragma once

#include "pipeline/run/context.h"
#include "pipeline/sample/sample_files.h"

#include <filesystem>

namespace ctforge::pipeline {

// Reads the shards synthetic-* of `samples` and writes, a sample, samples/nifti/SYN-000001.nii.gz (int16 HU),
// SYN-000001_mask.nii.gz (uint8 label values) and SYN-000001.json (what it is and was made with): one slice thick, with
// the shards' spacing, origin 0; with options.surfaces SYN-000001_02_liver.stl, ... of each label that occurs, with its
// value. Each file is written atomically and kept when it is there; those of samples that are no more, or that are not
// asked for any more, are removed. Throws Interrupted between samples, io::DataError for damaged shards.
void export_nifti(const std::filesystem::path& samples, const SampleOrigin& origin, const ExportOptions& options,
                  const Context& context);

// Likewise samples/dicom/SYN-000001/CT000001.dcm, a CT series of one slice marked as synthetic (io::write_ct_series),
// or with options.enhanced SYN-000001_ct.dcm (io::write_ct_enhanced); where the generator makes masks,
// SYN-000001_seg.dcm (io::write_segmentation) and with options.structure_set SYN-000001_rtstruct.dcm
// (io::write_structure_set). Equal samples, origin and version of the program give equal files.
void export_dicom(const std::filesystem::path& samples, const SampleOrigin& origin, const ExportOptions& options,
                  const Context& context);

}  // namespace ctforge::pipeline
