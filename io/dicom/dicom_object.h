// What kind of DICOM object a file holds, by SOP class and modality. Included by io's sources only.
#pragma once

#include "io/dicom/dicom_attributes.h"

#include <optional>
#include <string>

namespace ctforge::io {

struct DicomObject {
  std::string skip_reason;                // not empty: no image to be judged
  std::optional<LabelObjectKind> labels;  // skipped, but it may label a CT
  std::optional<Finding> fault;           // an image, but not a CT slice
  bool enhanced = false;                  // a CT of several frames, described by functional groups
};

// Objects that are no images (reports, plans, segmentations, presentation states, directories) are skipped; images that
// are no CT get the fault NotCt.
DicomObject classify_object(const DicomAttributes& attributes, DcmItem& meta);

// text if it is one of the defined terms for BodyPartExamined (PS3.16 annex L, table L-1), else empty: other texts
// may say anything.
std::string defined_body_part(const std::string& text);

}  // namespace ctforge::io
