// Writing synthetic volumes and label maps, which is what their headers say they are: NIfTI (also NRRD and MetaImage,
// by extension), atomically.
#pragma once

#include "io/volume/volume.h"

#include <filesystem>

namespace ctforge::io {

// What stands in the header: descrip of NIfTI, ITK_FileNotes of NRRD and MetaImage.
inline constexpr const char* kSyntheticNote = "SYNTHETIC: made by ctforge";

// ".nii", ".nii.gz", ".nrrd", ".mha". LPS geometry is turned into the format's own convention. int16 / uint8 voxels.
void write_volume(const std::filesystem::path& path, const Volume& volume);
void write_labels(const std::filesystem::path& path, const LabelMap& labels);

}  // namespace ctforge::io
