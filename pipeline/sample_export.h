// Samples as files that imaging software opens.
#pragma once

#include "pipeline/context.h"

#include <filesystem>

namespace ctforge::pipeline {

// Reads the shards synthetic-* of `samples` and writes, a sample, samples/nifti/SYN-000001.nii.gz (int16 HU) and
// SYN-000001_mask.nii.gz (uint8 label values): one slice thick, with the shards' spacing, origin 0. Files that are
// there are kept. Throws Interrupted between samples, io::DataError for damaged shards.
void export_nifti(const std::filesystem::path& samples, const Context& context);

}  // namespace ctforge::pipeline
