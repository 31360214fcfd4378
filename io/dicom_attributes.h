// Values of DICOM attributes, checked against the type the standard gives them. Included by io's sources only.
#pragma once

#include "io/inventory.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

namespace ctforge::io {

// Values of more bytes count as absent: DCMTK would reserve and fill whatever length a damaged file declares.
inline constexpr std::uint32_t kLongestAttribute = 4096;

// Reads attributes of one data set; what is wrong with them is collected, never thrown.
class DicomAttributes {
 public:
  DicomAttributes(DcmItem& item, std::vector<Finding>& faults) : item_(item), faults_(faults) {}

  bool has(const DcmTagKey& tag) const;  // present with a value
  // First value or all values as text without padding; empty when absent.
  std::string text(const DcmTagKey& tag) const;
  std::vector<std::string> texts(const DcmTagKey& tag) const;
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

// A finite number that fills the text but for surrounding blanks (PS3.5 table 6.2-1, DS).
std::optional<double> parse_decimal(std::string_view text);

}  // namespace ctforge::io
