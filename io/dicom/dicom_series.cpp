// A series from its images: what belongs to it, who it is, and everything its slices must agree on.
#include "io/dicom/dicom_series.h"

#include "io/file/digest.h"
#include "io/volume/face.h"
#include "io/volume/slice_stack.h"

#include <algorithm>
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
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::vector<std::size_t>> by_object;
  for (std::size_t i = 0; i < records.size(); ++i) by_object[{records[i].object, records[i].frame}].push_back(i);
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

// step_mm: how far each slice is displaced sideways from the one before.
void make_upright(const Vector3& step_mm, Series& series) {
  GantryTilt tilt;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const Matrix3& direction = series.geometry.direction;
    tilt.size[axis] = series.geometry.size[axis];
    tilt.step_px[axis] =
        dot(step_mm, {direction[0][axis], direction[1][axis], direction[2][axis]}) / series.geometry.spacing_mm[axis];
  }
  series.geometry = upright_geometry(series.geometry, tilt);
  series.tilt = tilt;
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
  if (stack.tilted && stack.faults.empty()) make_upright(stack.step_mm, series);
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

void flag_identity(const std::vector<DicomRecord>& records, const ScanOptions& options, Series& series) {
  const auto burned_in = static_cast<std::size_t>(
      std::count_if(records.begin(), records.end(), [](const DicomRecord& record) { return record.burned_in; }));
  const std::string message = of(burned_in, records.size()) + " images: BurnedInAnnotation says YES";
  if (burned_in > 0 && options.allow_burned_in)
    series.notes.push_back(message + "; allowed");
  else if (burned_in > 0)
    series.refusals.push_back({Fault::BurnedInAnnotation, message + ": texts in the pixels may name the patient"});
  const bool recognizable =
      std::any_of(records.begin(), records.end(), [](const DicomRecord& record) { return record.recognizable; });
  if (recognizable)
    series.notes.emplace_back("RecognizableVisualFeatures says YES: the images can show who the patient is");
  else if (series.accepted() && can_show_face(series.body_part, series.geometry))
    series.notes.emplace_back("a face could be rendered from it: a head, in fine slices");
}

void judge_volume(std::vector<DicomRecord>& records, const ScanOptions& options, Series& series) {
  check_agreement(records, series);
  place_slices(records, options, series);
  const auto slices = static_cast<std::int64_t>(records.size());
  if (slices < options.min_slices)
    series.refusals.push_back({Fault::TooFewSlices, std::to_string(slices) + " slices, expected at least " +
                                                        std::to_string(options.min_slices)});
  const std::array<std::int64_t, 3>& size = series.geometry.size;
  // A tilt of many slices can make a grid of any width.
  if (size[0] > options.voxel_cap / slices || size[1] > options.voxel_cap / slices / std::max<std::int64_t>(1, size[0]))
    series.refusals.push_back({Fault::TooLarge, "more voxels than the cap of " + std::to_string(options.voxel_cap)});
  flag_identity(records, options, series);
}

// Each file once, in the order of its first slice.
void list_slices(const std::vector<DicomRecord>& records, const std::vector<std::filesystem::path>& files,
                 Series& series) {
  std::map<std::uint32_t, std::uint32_t> places;
  for (const DicomRecord& record : records) {
    const auto [place, fresh] = places.emplace(record.file, static_cast<std::uint32_t>(series.files.size()));
    if (fresh) series.files.push_back(files[record.file]);
    series.slices.push_back({place->second, record.frame});
  }
  const bool single = std::all_of(records.begin(), records.end(), [](const DicomRecord& r) { return r.frame == 0; });
  if (single && series.files.size() == series.slices.size()) series.slices.clear();
}

}  // namespace

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
  list_slices(records, files, series);
  return series;
}

}  // namespace ctforge::io
