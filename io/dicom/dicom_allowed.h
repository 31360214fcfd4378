// The attributes of a DICOM file that ctforge looks at: one list. What is not on it stays in the parser.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ctforge::io {

// What becomes of a value.
enum class AttributeUse {
  Kept,      // numbers and defined terms that describe the image; kept as long as the series
  Hashed,    // identifiers: only a keyed hash outlives the reading of the file
  Judged,    // compared with what is expected; the value itself is not kept
  Named,     // names of structures: compared with the user's map, and shown by `ctforge structures` alone
  Sequence,  // a way to allowed attributes within
};

struct AllowedAttribute {
  std::uint16_t group, element;
  std::string_view keyword;  // PS3.6 chapter 6
  AttributeUse use;
};

std::span<const AllowedAttribute> allowed_attributes();
bool is_allowed_attribute(std::uint16_t group, std::uint16_t element);
std::string_view attribute_use_name(AttributeUse use);  // "hashed"

}  // namespace ctforge::io
