// A series from its images: what belongs to it, who it is, and everything its slices must agree on.
#include "io/dicom_series.h"

#include "io/digest.h"
#include "io/slice_stack.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

namespace ctforge::io {

namespace {

std::string of(std::size_t part, std::size_t total) { return std::to_string(part) + " of " + std::to_string(total); }

// The first fault of each kind of every slice: one finding for each different message, with how many have it, of a kind
// that is told in many ways the first few.
void gather_slice_faults(const std::vector<DicomRecord>& records, Series& series) {
  constexpr std::ptrdiff_t most = 3;
  std::vector<std::pair<Finding, std::size_t>> counted;
  std::map<Fault, std::size_t> others;
  for (const DicomRecord& record : records) {
    std::set<Fault> seen;
    for (const Finding& finding : record.faults) {
      if (!seen.insert(finding.fault).second) continue;
      const auto like = [&](const auto& entry) { return entry.first.fault == finding.fault; };
      const auto same = std::find_if(counted.begin(), counted.end(), [&](const auto& entry) {
        return like(entry) && entry.first.message == finding.message;
      });
      if (same != counted.end())
        ++same->second;
      else if (std::count_if(counted.begin(), counted.end(), like) < most)
        counted.emplace_back(finding, 1);
      else
        ++others[finding.fault];
    }
  }
  for (const auto& [fault, count] : others) counted.push_back({{fault, "likewise"}, count});
  for (auto& [finding, count] : counted) {
    if (records.size() > 1) finding.message = of(count, records.size()) + " images: " + finding.message;
    series.refusals.push_back(finding);
  }
}

void gather_notes(const std::vector<DicomRecord>& records, Series& series) {
  std::map<std::string, std::size_t> counted;
  for (const DicomRecord& record : records)
    for (const std::string& note : record.notes) ++counted[note];
  for (const auto& [note, count] : counted)
    series.notes.push_back(records.size() > 1 ? of(count, records.size()) + " images: " + note : note);
}

// Drops files that repeat an object byte for byte; an object that comes with different contents stays, as a duplicate.
void drop_copies(std::vector<DicomRecord>& records, const std::vector<std::filesystem::path>& files, Series& series) {
  std::map<std::uint64_t, std::vector<std::size_t>> by_object;
  for (std::size_t i = 0; i < records.size(); ++i) by_object[records[i].object].push_back(i);
  std::set<std::size_t> copies;
  std::size_t differing = 0;
  for (const auto& [object, places] : by_object) {
    if (places.size() < 2) continue;
    std::set<std::string> contents;
    for (const std::size_t place : places)
      if (!contents.insert(sha256_file(files[records[place].file])).second) copies.insert(place);
    if (contents.size() > 1) differing += contents.size();
  }
  if (differing > 0)
    series.refusals.push_back(
        {Fault::DuplicateSlice, of(differing, records.size()) + " images share SOPInstanceUIDs but differ"});
  if (copies.empty()) return;
  series.notes.push_back(std::to_string(copies.size()) + " identical copies of images ignored");
  std::size_t index = 0;
  std::erase_if(records, [&](const DicomRecord&) { return copies.count(index++) > 0; });
}

bool same_orientation(const DicomRecord& a, const DicomRecord& b) {
  constexpr double tolerance = 1e-3;  // of a direction cosine
  for (std::size_t vector = 0; vector < 2; ++vector)
    for (std::size_t axis = 0; axis < 3; ++axis)
      if (std::abs(a.orientation[vector][axis] - b.orientation[vector][axis]) > tolerance) return false;
  return true;
}

Vector3 normal_of(const DicomRecord& record) { return cross(record.orientation[0], record.orientation[1]); }

// The orientation most images have.
const DicomRecord& commonest(const std::vector<DicomRecord>& records) {
  std::vector<std::pair<const DicomRecord*, std::size_t>> groups;
  for (const DicomRecord& record : records) {
    if (!record.positioned) continue;
    const auto group = std::find_if(groups.begin(), groups.end(),
                                    [&](const auto& entry) { return same_orientation(*entry.first, record); });
    if (group == groups.end())
      groups.emplace_back(&record, 1);
    else
      ++group->second;
  }
  if (groups.empty()) return records.front();
  return *std::max_element(groups.begin(), groups.end(), [](const auto& a, const auto& b) {
            return a.second < b.second;
          })->first;
}

// Localizers (scouts) are told by ImageType, or where that is silent by lying across the other slices.
void drop_localizers(std::vector<DicomRecord>& records, Series& series) {
  std::size_t left_out = std::erase_if(records, [](const DicomRecord& record) { return record.localizer; });
  const DicomRecord& reference = commonest(records);
  if (reference.positioned) {
    const Vector3 normal = normal_of(reference);
    left_out += std::erase_if(records, [&](const DicomRecord& record) {
      return record.positioned && !record.typed && std::abs(dot(normal_of(record), normal)) < 0.5;
    });
  }
  if (left_out > 0) series.notes.push_back(std::to_string(left_out) + " localizer images left out");
}

template <class Value>
void refuse_if_mixed(const std::vector<DicomRecord>& records, Series& series, Fault fault, const char* message,
                     Value value) {
  for (const DicomRecord& record : records)
    if (!(value(record) == value(records.front()))) {
      series.refusals.push_back({fault, message});
      return;
    }
}

void check_agreement(const std::vector<DicomRecord>& records, Series& series) {
  refuse_if_mixed(records, series, Fault::MixedSize, "Rows or Columns differ between the slices",
                  [](const DicomRecord& r) { return std::pair(r.rows, r.columns); });
  refuse_if_mixed(records, series, Fault::MixedFrameOfReference, "more than one FrameOfReferenceUID",
                  [](const DicomRecord& r) { return r.frame_of_reference; });
  refuse_if_mixed(records, series, Fault::MalformedDicom, "more than one PatientID",
                  [](const DicomRecord& r) { return r.patient; });
  for (const DicomRecord& record : records)
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const double first = records.front().spacing_mm[axis], other = record.spacing_mm[axis];
      if (first > 0 && other > 0 && std::abs(first - other) > 1e-4 * first) {
        series.refusals.push_back({Fault::MixedPixelSpacing, "PixelSpacing differs between the slices"});
        return;
      }
    }
}

void place_slices(std::vector<DicomRecord>& records, const ScanOptions& options, Series& series) {
  for (const DicomRecord& record : records)
    if (!record.positioned) return;  // refused already
  const DicomRecord reference = commonest(records);
  for (const DicomRecord& record : records)
    if (!same_orientation(record, reference)) {
      series.refusals.push_back({Fault::MixedOrientation, "ImageOrientationPatient differs between the slices"});
      return;
    }
  // The cosines as given are rounded; the geometry's columns are exactly at right angles.
  const Matrix3 direction = orthonormal(reference.orientation[0], reference.orientation[1]);
  const Vector3 normal = {direction[0][2], direction[1][2], direction[2][2]};
  std::stable_sort(records.begin(), records.end(), [&](const DicomRecord& a, const DicomRecord& b) {
    return dot(a.position_mm, normal) < dot(b.position_mm, normal);
  });
  std::vector<Vector3> positions;
  for (const DicomRecord& record : records) positions.push_back(record.position_mm);
  const double pixel = std::min(records.front().spacing_mm[0], records.front().spacing_mm[1]);
  const SliceStack stack = check_stack(positions, normal, pixel, options.spacing_tolerance);
  series.geometry.direction = direction;
  series.geometry.origin_mm = records.front().position_mm;
  series.geometry.spacing_mm[2] = stack.spacing_mm;
  series.refusals.insert(series.refusals.end(), stack.faults.begin(), stack.faults.end());
  series.notes.insert(series.notes.end(), stack.notes.begin(), stack.notes.end());
  if (records.size() == 1) {
    series.geometry.spacing_mm[2] = records.front().thickness_mm > 0 ? records.front().thickness_mm : 1.0;
    series.notes.emplace_back(records.front().thickness_mm > 0 ? "a single slice; spacing from SliceThickness"
                                                               : "a single slice of unknown thickness; spacing 1 mm");
  }
}

// Of images that are no CT slices nothing else is to be told: no volume, and no CT attributes, are expected of them.
bool holds_other_objects(Series& series) {
  const auto other = [](const Finding& finding) {
    return finding.fault == Fault::NotCt || finding.fault == Fault::UnsupportedFormat;
  };
  if (std::none_of(series.refusals.begin(), series.refusals.end(), other)) return false;
  std::erase_if(series.refusals, [&](const Finding& finding) { return !other(finding); });
  return true;
}

void judge_volume(std::vector<DicomRecord>& records, const ScanOptions& options, Series& series) {
  check_agreement(records, series);
  place_slices(records, options, series);
  const auto slices = static_cast<std::int64_t>(records.size());
  if (slices < options.min_slices)
    series.refusals.push_back({Fault::TooFewSlices, std::to_string(slices) + " slices, expected at least " +
                                                        std::to_string(options.min_slices)});
  if (series.geometry.size[0] * series.geometry.size[1] > options.voxel_cap / slices)
    series.refusals.push_back({Fault::TooLarge, "more voxels than the cap of " + std::to_string(options.voxel_cap)});
}

}  // namespace

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

DicomRecord make_record(const DicomFile& file, std::uint32_t index, const std::string& path_below_root,
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
  record.positioned = header.position_mm && header.orientation;
  if (record.positioned) {
    record.position_mm = *header.position_mm;
    record.orientation = *header.orientation;
  }
  record.spacing_mm = header.spacing_mm;
  record.thickness_mm = static_cast<float>(header.thickness_mm);
  record.localizer = header.localizer;
  record.typed = header.typed;
  record.body_part = header.body_part;
  record.faults = file.faults;
  record.notes = file.notes;
  return record;
}

Series build_series(std::vector<DicomRecord> records, const std::vector<std::filesystem::path>& files,
                    const ScanOptions& options) {
  Series series;
  series.kind = SourceKind::Dicom;
  series.patient = pseudonym('P', records.front().patient);
  series.id = pseudonym('S', records.front().series);
  if (!records.front().patient_known) series.notes.emplace_back("no PatientID: each study counts as one patient");
  drop_copies(records, files, series);
  drop_localizers(records, series);
  gather_slice_faults(records, series);
  gather_notes(records, series);
  for (const DicomRecord& record : records)
    if (series.body_part.empty()) series.body_part = record.body_part;
  const DicomRecord& first = records.front();
  series.geometry.size = {first.columns, first.rows, static_cast<std::int64_t>(records.size())};
  series.geometry.spacing_mm = {first.spacing_mm[0], first.spacing_mm[1], 0};
  if (!holds_other_objects(series)) judge_volume(records, options, series);
  for (const DicomRecord& record : records) series.files.push_back(files[record.file]);
  return series;
}

}  // namespace ctforge::io
