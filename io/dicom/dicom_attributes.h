// Values of DICOM attributes, checked against the type the standard gives them. Included by io's sources only.
#pragma once

#include "io/volume/inventory.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

namespace ctforge::io {

// Values of more bytes count as absent: DCMTK would reserve and fill whatever length a damaged file declares.
inline constexpr std::uint32_t kLongestAttribute = 4096;

// The element, also an empty one; null when it is absent. Throws std::invalid_argument for a tag that is not on the
// list of allowed attributes (io/dicom/dicom_allowed.h): everything that is read of a data set but its PixelData comes
// through here.
DcmElement* allowed_element(DcmItem& item, const DcmTagKey& tag);
// The items of a sequence, in order; none when it is absent.
std::vector<DcmItem*> items_of(DcmItem& item, const DcmTagKey& sequence);

// Reads attributes of one data set or item; what is wrong with them is collected, never thrown. Only attributes of the
// list in io/dicom/dicom_allowed.h can be asked for: anything else throws std::invalid_argument.
class DicomAttributes {
 public:
  DicomAttributes(DcmItem& item, std::vector<Finding>& faults) : item_(item), faults_(faults) {}

  bool has(const DcmTagKey& tag) const;  // present with a value
  // First value or all values as text without padding; empty when absent.
  std::string text(const DcmTagKey& tag) const;
  std::vector<std::string> texts(const DcmTagKey& tag) const;
  // The items of a sequence, in order; none when it is absent.
  std::vector<DcmItem*> items(const DcmTagKey& tag) const { return items_of(item_, tag); }
  // An unsigned 16-bit number (VR US); absent when there is none, a fault MalformedDicom when it is something else.
  std::optional<std::uint16_t> number(const DcmTagKey& tag, const char* name);
  // The 16 bits of an attribute that is US or SS as PixelRepresentation says.
  std::optional<std::uint16_t> bits(const DcmTagKey& tag, const char* name);
  // Decimal strings (VR DS). Empty when absent; wrong type, wrong count or no finite number: a fault, and empty.
  std::vector<double> decimals(const DcmTagKey& tag, const char* name, std::size_t count, Fault fault);

 private:
  void complain(Fault fault, const std::string& message) { faults_.push_back({fault, message}); }
  DcmElement* find(const DcmTagKey& tag) const;
  DcmItem& item_;
  std::vector<Finding>& faults_;
};

// DCMTK reports what it meets in files and on the network, names and all, on stderr: nothing of that may reach a log.
// Teaches it the attribute SyntheticData (0008,001C), which it does not know.
// Throws std::runtime_error when its data dictionary is not installed.
void quiet_dcmtk();

// A finite number that fills the text but for surrounding blanks (PS3.5 table 6.2-1, DS).
std::optional<double> parse_decimal(std::string_view text);

}  // namespace ctforge::io
