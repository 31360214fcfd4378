// What the header of a DICOM SEG or RTSTRUCT tells: whom it belongs to, what it was drawn on, and its structures.
#pragma once

#include "io/volume/inventory.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ctforge::io {

struct LabelObjectHeader {
  struct Structure {
    std::int64_t number = 0;             // SegmentNumber or ROINumber
    std::string name;                    // SegmentLabel or ROIName, UTF-8
    std::string frame_of_reference_uid;  // empty: not told
  };
  std::string object_uid, patient_id;
  std::vector<std::string> series_uids, image_uids;  // that it refers to; sorted, each once
  std::vector<Structure> structures;                 // RTSTRUCT: with at least one closed planar contour
  std::vector<Finding> faults;
  std::vector<std::string> notes;
};

// DICOM PS3.3 A.51 (SEG) and A.19 (RTSTRUCT). Never throws for what the file holds, that becomes a fault; throws
// DataError(Unreadable) when it cannot be opened.
LabelObjectHeader read_label_object(const std::filesystem::path& path, LabelObjectKind kind);

// Whether a ContourGeometricType encloses an area: CLOSED_PLANAR or CLOSEDPLANAR_XOR (PS3.3 C.8.8.6.3).
bool is_closed_planar(const std::string& geometric_type);

}  // namespace ctforge::io
