// What a label's name means, in codes that other systems know: SNOMED CT for common structures of CT (PS3.16 CID 7150,
// 7166 and others).
#pragma once

#include <string>
#include <string_view>

namespace ctforge::io {

// A coded concept, e.g. {"10200004", "SCT", "Liver"} (PS3.3 table 8.8-1).
struct Code {
  std::string value, scheme, meaning;
};

struct SegmentCodes {
  Code category, type;
  Code side;  // {"7771000", "SCT", "Left"} or right; empty where the name tells none
};

// Names are compared without case, side, plural and separators: "Parotid_L", "left parotid" and "parotids" are the
// parotid gland. A name that is not in the table is Tissue, of the category Anatomical Structure.
SegmentCodes segment_codes(std::string_view name);

}  // namespace ctforge::io
