// Synthetic CT as one multi-frame object: Enhanced CT Image Storage (PS3.3 A.38.1), marked as synthetic.
#pragma once

#include "io/dicom/dicom_write.h"

namespace ctforge::io {

// Writes the volume as one file, atomically: a frame a slice, HU as signed 16-bit with slope 1 and intercept 0, under
// the UIDs of ct_reference(volume, info, CtForm::Enhanced), whose errors it throws; std::invalid_argument for more than
// 2 GiB of voxels, std::system_error when the file cannot be written. A content date that the standard asks for is
// 1900-01-01. The anatomic region is the whole body where info.body_part is none of HEADNECK, CHEST, ABDOMEN, PELVIS.
void write_ct_enhanced(const std::filesystem::path& path, const Volume& volume, const CtSeriesInfo& info);

}  // namespace ctforge::io
