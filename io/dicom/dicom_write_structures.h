// Label maps as contours for radiotherapy systems: RT Structure Set Storage (PS3.3 A.19), marked as synthetic.
#pragma once

#include "io/dicom/dicom_write.h"

namespace ctforge::io {

// Writes labels on the grid of the CT that `reference` names as one file, atomically. names[0] is the background's;
// each further name is a region of interest whose number is its label value, with the closed planar contours of
// trace_contours() in each slice in which it occurs, to the nanometre. Study, patient and frame of reference are the
// CT's; UIDs follow from reference, labels and names. Implicit little endian: contours may be longer than the 64 KiB
// that explicit encodings allow a decimal string.
//
// info is the CT's. Throws std::invalid_argument when labels and CT differ in their number of slices, a label has no
// name, or there is no name but the background's; std::system_error when the file cannot be written.
void write_structure_set(const std::filesystem::path& path, const LabelMap& labels,
                         const std::vector<std::string>& names, const CtReference& reference, const CtSeriesInfo& info);

}  // namespace ctforge::io
