// Label maps as DICOM segmentations: Segmentation Storage (PS3.3 A.51), binary, marked as synthetic.
#pragma once

#include "io/dicom/dicom_write.h"

namespace ctforge::io {

// Writes labels on the grid of the CT that `reference` names as one file, atomically. names[0] is the background's;
// each further name is a segment whose number is its label value, in the codes of segment_codes(). A segment has a
// frame for each slice in which it occurs, and where it occurs in none an empty one on the first slice, so that what
// was looked for and not found is told from what is not known. Each frame refers to the slice of the CT that it covers;
// study, patient and frame of reference are the CT's. UIDs follow from reference, labels and names; a content date that
// the standard asks for is 1900-01-01.
//
// info is the CT's. Throws std::invalid_argument when labels and CT differ in their number of slices, a label has no
// name, or there is no name but the background's; std::system_error when the file cannot be written.
void write_segmentation(const std::filesystem::path& path, const LabelMap& labels,
                        const std::vector<std::string>& names, const CtReference& reference, const CtSeriesInfo& info);

}  // namespace ctforge::io
