// Typed access to DICOM attributes through DCMTK.
#include "io/dicom/dicom_attributes.h"

#include "io/dicom/dicom_allowed.h"

#include <charconv>
#include <cmath>
#include <mutex>
#include <stdexcept>
#include <string_view>

namespace ctforge::io {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks(" \t\r\n\0", 5);
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

void quiet_dcmtk() {
  static std::once_flag once;
  std::call_once(once, [] {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    if (!dcmDataDict.isDictionaryLoaded()) throw std::runtime_error("DCMTK's data dictionary is not installed");
    // Younger than the dictionary: files without explicit types would lose its type.
    dcmDataDict.wrlock().addEntry(
        new DcmDictEntry(0x0008, 0x001c, EVR_CS, "SyntheticData", 1, 1, "DICOM", OFFalse, nullptr));
    dcmDataDict.wrunlock();
  });
}

std::optional<double> parse_decimal(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

DcmElement* allowed_element(DcmItem& item, const DcmTagKey& tag) {
  if (!is_allowed_attribute(tag.getGroup(), tag.getElement()))
    throw std::invalid_argument("an attribute that is not on the list of allowed ones");
  DcmElement* element = nullptr;
  return item.findAndGetElement(tag, element).good() ? element : nullptr;
}

std::vector<DcmItem*> items_of(DcmItem& item, const DcmTagKey& sequence) {
  std::vector<DcmItem*> items;
  auto* found = dynamic_cast<DcmSequenceOfItems*>(allowed_element(item, sequence));
  if (found == nullptr) return items;
  for (DcmObject* each = found->nextInContainer(nullptr); each != nullptr; each = found->nextInContainer(each))
    if (auto* each_item = dynamic_cast<DcmItem*>(each)) items.push_back(each_item);
  return items;
}

DcmElement* DicomAttributes::find(const DcmTagKey& tag) const {
  DcmElement* element = allowed_element(item_, tag);
  if (element == nullptr) return nullptr;
  // getLength() would read the value.
  const bool sequence = dynamic_cast<DcmSequenceOfItems*>(element) != nullptr;
  if (!sequence && element->getLengthField() > kLongestAttribute) return nullptr;
  return element->getLength() > 0 ? element : nullptr;
}

bool DicomAttributes::has(const DcmTagKey& tag) const { return find(tag) != nullptr; }

std::vector<std::string> DicomAttributes::texts(const DcmTagKey& tag) const {
  std::vector<std::string> values;
  DcmElement* element = find(tag);
  OFString all;
  if (element == nullptr || element->getOFStringArray(all).bad()) return values;
  std::string_view rest(all.c_str(), all.size());
  while (true) {
    const std::size_t end = rest.find('\\');
    values.emplace_back(trimmed(rest.substr(0, end)));
    if (end == std::string_view::npos) return values;
    rest.remove_prefix(end + 1);
  }
}

std::string DicomAttributes::text(const DcmTagKey& tag) const {
  const std::vector<std::string> values = texts(tag);
  return values.empty() ? std::string() : values.front();
}

std::optional<std::uint16_t> DicomAttributes::number(const DcmTagKey& tag, const char* name) {
  DcmElement* element = find(tag);
  if (element == nullptr) return {};
  Uint16 value = 0;
  if (element->ident() != EVR_US || element->getUint16(value, 0).bad()) {
    complain(Fault::MalformedDicom, std::string(name) + " is not an unsigned 16-bit number");
    return {};
  }
  return value;
}

std::optional<std::uint16_t> DicomAttributes::bits(const DcmTagKey& tag, const char* name) {
  DcmElement* element = find(tag);
  if (element == nullptr) return {};
  Uint16 value = 0;
  Sint16 negative = 0;
  if (element->getUint16(value, 0).good()) return value;
  if (element->getSint16(negative, 0).good()) return static_cast<std::uint16_t>(negative);
  complain(Fault::MalformedDicom, std::string(name) + " is not a 16-bit number");
  return {};
}

std::vector<double> DicomAttributes::decimals(const DcmTagKey& tag, const char* name, std::size_t count, Fault fault) {
  DcmElement* element = find(tag);
  if (element == nullptr) return {};
  if (element->ident() != EVR_DS) {
    complain(fault, std::string(name) + " has the value representation " + DcmVR(element->ident()).getVRName() +
                        ", expected DS");
    return {};
  }
  std::vector<double> values;
  for (const std::string& text : texts(tag)) {
    const std::optional<double> value = parse_decimal(text);
    if (!value) {
      complain(fault, std::string(name) + " holds a value that is no finite number");
      return {};
    }
    values.push_back(*value);
  }
  if (values.size() != count) {
    complain(fault, std::string(name) + " has " + std::to_string(values.size()) + " values, expected " +
                        std::to_string(count));
    return {};
  }
  return values;
}

}  // namespace ctforge::io
