// Pseudonyms and records.
#include "io/dicom/dicom_record.h"

#include "io/file/digest.h"

#include <algorithm>
#include <charconv>

namespace ctforge::io {

std::uint64_t pseudonym_bits(const std::string& key, std::string_view domain, std::string_view text) {
  const std::string hex = hmac_sha256_hex(key, std::string(domain) + '\0' + std::string(text));
  std::uint64_t bits = 0;
  std::from_chars(hex.data(), hex.data() + 16, bits, 16);
  return bits;
}

std::string pseudonym(char letter, std::uint64_t bits) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = {letter, '-'};
  for (int shift = 60; shift >= 0; shift -= 4) text += digits[(bits >> shift) & 15];
  return text;
}

namespace {

// All that the images of a file have in common.
DicomRecord record_of_file(const DicomFile& file, std::uint32_t index, const std::string& path_below_root,
                           const std::string& key) {
  const DicomHeader& header = file.header;
  DicomRecord record;
  record.file = index;
  record.series = header.series_uid.empty() ? pseudonym_bits(key, "file", path_below_root)
                                            : pseudonym_bits(key, "series", header.series_uid);
  record.object = header.object_uid.empty() ? pseudonym_bits(key, "file", path_below_root)
                                            : pseudonym_bits(key, "object", header.object_uid);
  record.patient_known = !header.patient_id.empty();
  if (record.patient_known)
    record.patient = pseudonym_bits(key, "patient", header.patient_id);
  else
    record.patient = header.study_uid.empty() ? record.series : pseudonym_bits(key, "study", header.study_uid);
  if (!header.frame_of_reference_uid.empty())
    record.frame_of_reference = pseudonym_bits(key, "frame", header.frame_of_reference_uid);
  record.rows = static_cast<std::uint32_t>(header.pixels.rows);
  record.columns = static_cast<std::uint32_t>(header.pixels.columns);
  record.burned_in = header.burned_in;
  record.recognizable = header.recognizable;
  record.body_part = header.body_part;
  record.faults = file.faults;
  record.notes = file.notes;
  return record;
}

void place(const DicomFrame& frame, DicomRecord& record) {
  record.positioned = frame.position_mm && frame.orientation;
  if (record.positioned) {
    record.position_mm = *frame.position_mm;
    record.orientation = *frame.orientation;
  }
  record.spacing_mm = frame.spacing_mm;
  record.thickness_mm = static_cast<float>(frame.thickness_mm);
  record.localizer = frame.localizer;
  record.typed = frame.typed;
}

}  // namespace

std::vector<DicomRecord> make_records(const DicomFile& file, std::uint32_t index, const std::string& path_below_root,
                                      const std::string& key) {
  const DicomHeader& header = file.header;
  const DicomRecord common = record_of_file(file, index, path_below_root, key);
  std::vector<DicomRecord> records(std::max<std::size_t>(1, header.frames.size()), common);
  const bool stacks = std::any_of(header.frames.begin(), header.frames.end(),
                                  [&](const DicomFrame& frame) { return frame.stack != header.frames.front().stack; });
  for (std::size_t i = 0; i < header.frames.size(); ++i) {
    records[i].frame = static_cast<std::uint32_t>(i);
    if (stacks) records[i].series = pseudonym_bits(key, "stack", header.series_uid + '\0' + header.frames[i].stack);
    place(header.frames[i], records[i]);
  }
  return records;
}

}  // namespace ctforge::io
