// Writing volumes and label maps: NIfTI (also NRRD and MetaImage, by extension), atomically.
#pragma once

#include "io/volume/volume.h"

#include <filesystem>

namespace ctforge::io {

// ".nii", ".nii.gz", ".nrrd", ".mha". LPS geometry is turned into the format's own convention. int16 / uint8 voxels.
void write_volume(const std::filesystem::path& path, const Volume& volume);
void write_labels(const std::filesystem::path& path, const LabelMap& labels);

}  // namespace ctforge::io
