// Matching label objects with series.
#include "io/labels/label_match.h"

#include "io/dicom/dicom_series.h"
#include "io/file/digest.h"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace ctforge::io {

namespace {

std::vector<std::uint64_t> hashes(const std::string& key, std::string_view domain,
                                  const std::vector<std::string>& texts) {
  std::vector<std::uint64_t> bits;
  for (const std::string& text : texts) bits.push_back(pseudonym_bits(key, domain, text));
  return bits;
}

// Series by what is asked for, so that each object is found in one step.
class Finder {
 public:
  Finder(const std::vector<SeriesLinks>& links, const std::vector<Series>& series) : links_(links), series_(series) {
    for (std::size_t i = 0; i < links.size(); ++i) {
      by_series_.emplace(links[i].series, i);
      for (const std::uint64_t image : links[i].images) by_image_.emplace(image, i);
    }
  }

  std::set<std::size_t> find(const LabelRecord& record) const {
    std::set<std::size_t> found;
    for (const std::uint64_t uid : record.series)
      if (const auto at = by_series_.find(uid); at != by_series_.end()) found.insert(at->second);
    for (const std::uint64_t uid : record.images)
      if (const auto at = by_image_.find(uid); at != by_image_.end()) found.insert(at->second);
    return found.empty() ? find_by_frame(record) : found;
  }

 private:
  // The only series of the patient in the frame of reference, or none.
  std::set<std::size_t> find_by_frame(const LabelRecord& record) const {
    std::set<std::size_t> found;
    for (std::size_t i = 0; i < links_.size(); ++i) {
      if (links_[i].frame_of_reference == 0 || record.patient != links_[i].patient || !series_[i].accepted()) continue;
      for (const auto& each : record.structures)
        if (each.frame_of_reference == links_[i].frame_of_reference) found.insert(i);
    }
    return found.size() == 1 ? found : std::set<std::size_t>();
  }

  const std::vector<SeriesLinks>& links_;
  const std::vector<Series>& series_;
  std::unordered_map<std::uint64_t, std::size_t> by_series_, by_image_;
};

void attach(const LabelRecord& record, std::uint64_t frame_of_reference, const std::filesystem::path& file,
            Series& series) {
  const std::string name = label_object_name(record.kind);
  if (!series.accepted()) return;
  for (const Finding& fault : record.faults) series.refusals.push_back({fault.fault, name + ": " + fault.message});
  for (const std::string& note : record.notes) series.notes.push_back(name + ": " + note);
  if (record.unnamed > 0)
    series.notes.push_back(name + ": " + std::to_string(record.unnamed) + " structures that the map does not name");
  LabelObject object{record.kind, file, {}};
  bool elsewhere = false;
  for (const auto& [structure, frame] : record.structures) {
    const bool same = frame == 0 || frame_of_reference == 0 || frame == frame_of_reference;
    if (same) object.structures.push_back(structure);
    elsewhere = elsewhere || !same;
  }
  if (elsewhere)
    series.refusals.push_back({Fault::LabelMismatch, name + ": drawn in another frame of reference than the CT's"});
  if (!object.structures.empty()) series.label_objects.push_back(std::move(object));
}

// Nothing tells which of two drawings of one organ is meant.
void refuse_ambiguous(Series& series) {
  std::set<std::uint8_t> given;
  std::size_t twice = 0;
  for (const LabelObject& object : series.label_objects) {
    std::set<std::uint8_t> own;
    for (const LabelStructure& structure : object.structures)
      if (structure.label > 0) own.insert(structure.label);
    for (const std::uint8_t label : own) twice += given.insert(label).second ? 0 : 1;
  }
  if (twice > 0)
    series.refusals.push_back({Fault::AmbiguousLabels, std::to_string(series.label_objects.size()) +
                                                           " label objects, of which several give one label: keep the "
                                                           "one that is meant"});
}

// Indices of the objects but for those that repeat another byte for byte.
std::vector<std::size_t> without_copies(const std::vector<LabelRecord>& records,
                                        const std::vector<std::filesystem::path>& files,
                                        std::map<std::string, std::int64_t>& skipped) {
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> by_object;
  for (std::size_t i = 0; i < records.size(); ++i) by_object[records[i].object].push_back(i);
  std::vector<std::size_t> kept;
  for (const auto& [object, places] : by_object) {
    std::set<std::string> contents;
    for (const std::size_t place : places)
      if (places.size() == 1 || contents.insert(sha256_file(files[records[place].file])).second)
        kept.push_back(place);
      else
        ++skipped["identical copy of a DICOM " + std::string(label_object_name(records[place].kind))];
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

}  // namespace

const char* label_object_name(LabelObjectKind kind) {
  return kind == LabelObjectKind::Segmentation ? "segmentation" : "structure set";
}

LabelRecord make_label_record(const LabelObjectHeader& header, LabelObjectKind kind, std::uint32_t file,
                              const std::string& path_below_root, const ScanOptions& options) {
  const std::string& key = options.hash_key;
  LabelRecord record;
  record.file = file;
  record.kind = kind;
  record.object = header.object_uid.empty() ? pseudonym_bits(key, "file", path_below_root)
                                            : pseudonym_bits(key, "object", header.object_uid);
  if (!header.patient_id.empty()) record.patient = pseudonym_bits(key, "patient", header.patient_id);
  record.series = hashes(key, "series", header.series_uids);
  record.images = hashes(key, "object", header.image_uids);
  for (const auto& each : header.structures) {
    const auto label = options.structures.find(each.name);
    const std::uint64_t frame =
        each.frame_of_reference_uid.empty() ? 0 : pseudonym_bits(key, "frame", each.frame_of_reference_uid);
    if (label)
      record.structures.push_back({{static_cast<int>(each.number), each.name, *label}, frame});
    else
      ++record.unnamed;
  }
  record.faults = header.faults;
  record.notes = header.notes;
  return record;
}

void attach_labels(const std::vector<LabelRecord>& records, const std::vector<SeriesLinks>& links,
                   const std::vector<std::filesystem::path>& files, std::vector<Series>& series,
                   std::map<std::string, std::int64_t>& skipped) {
  const Finder finder(links, series);
  std::vector<std::set<std::size_t>> owners;
  const std::vector<std::size_t> kept = without_copies(records, files, skipped);
  // All before any is attached: what one object does to a series must not hide the series from the next.
  for (const std::size_t i : kept) owners.push_back(finder.find(records[i]));
  for (std::size_t k = 0; k < kept.size(); ++k) {
    const LabelRecord& record = records[kept[k]];
    ++skipped[std::string("DICOM ") + label_object_name(record.kind) + (owners[k].empty() ? " without its CT" : "")];
    for (const std::size_t owner : owners[k])
      attach(record, links[owner].frame_of_reference, files[record.file], series[owner]);
  }
  for (Series& each : series)
    if (each.accepted()) refuse_ambiguous(each);
}

}  // namespace ctforge::io
