// Data sets and sequences through DCMTK.
#include "io/dicom/dicom_items.h"

#include "io/dicom/dicom_attributes.h"
#include "io/file/fault.h"

#include <charconv>
#include <stdexcept>

#include <dcmtk/dcmdata/dcspchrs.h>

namespace ctforge::io {

namespace {

std::string without_other_bytes(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  return text;
}

}  // namespace

const TransferSyntax& DicomTree::syntax() const {
  std::vector<Finding> ignored;
  const std::string uid = DicomAttributes(*file->getMetaInfo(), ignored).text(DCM_TransferSyntaxUID);
  return find_transfer_syntax(uid.empty() ? DcmXfer(file->getDataset()->getOriginalXfer()).getXferID() : uid);
}

DicomTree parse_dicom(const std::filesystem::path& path) { return {parse_to_pixels(path)}; }

DcmItem* first_item(DcmItem& item, const DcmTagKey& sequence) {
  const std::vector<DcmItem*> items = items_of(item, sequence);
  return items.empty() ? nullptr : items.front();
}

std::optional<std::int64_t> whole_number(DcmItem& item, const DcmTagKey& tag) {
  std::vector<Finding> ignored;
  DicomAttributes attributes(item, ignored);
  if (const auto number = attributes.number(tag, "")) return *number;
  const std::string text = attributes.text(tag);
  std::int64_t value = 0;
  const char* first = text.data() + (text.starts_with('+') ? 1 : 0);
  const auto [end, error] = std::from_chars(first, text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string utf8_text(DcmItem& item, const DcmTagKey& tag, DcmItem& data_set) {
  std::vector<Finding> ignored;
  OFString raw, set, converted;
  if (!DicomAttributes(item, ignored).has(tag) || allowed_element(item, tag)->getOFStringArray(raw).bad()) return {};
  while (!raw.empty() && (raw.back() == ' ' || raw.back() == '\0')) raw.erase(raw.size() - 1);
  raw.erase(0, raw.find_first_not_of(' '));
  for (DcmItem* holder : {&item, &data_set})
    if (set.empty() && DicomAttributes(*holder, ignored).has(DCM_SpecificCharacterSet))
      allowed_element(*holder, DCM_SpecificCharacterSet)->getOFStringArray(set);
  const std::string text(raw.c_str(), raw.size());
  const std::string ascii = without_other_bytes(text);
  if (ascii == text && set.find("2022") == OFString_npos) return text;
  DcmSpecificCharacterSet conversion;
  if (!DcmSpecificCharacterSet::isConversionAvailable() || conversion.selectCharacterSet(set).bad() ||
      conversion.convertString(raw, converted).bad())
    return ascii;
  return {converted.c_str(), converted.size()};
}

}  // namespace ctforge::io
