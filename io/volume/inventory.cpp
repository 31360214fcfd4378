// Walking a folder, reading headers side by side, and matching label maps.
#include "io/volume/inventory.h"

#include "io/decode/decode_client.h"
#include "io/dicom/dicom_series.h"
#include "io/file/file_pattern.h"
#include "io/labels/label_grid.h"
#include "io/labels/label_match.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include <tbb/parallel_for.h>
#include <tbb/parallel_for_each.h>

namespace ctforge::io {

namespace {

namespace fs = std::filesystem;

struct Listing {
  fs::path root;                      // folder below which relative paths count
  std::vector<fs::path> files;        // sorted
  std::vector<std::string> relative;  // below root, with slashes
  std::map<std::string, std::int64_t> skipped;
  std::int64_t seen = 0;
};

// Symbolic links are never followed: they may lead out of the folder or round in circles.
void walk(const fs::path& folder, const std::string& above, const TreeShare& share, Listing& listing) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  if (error) {
    ++listing.skipped["folder that cannot be read"];
    return;
  }
  for (; entry != fs::directory_iterator(); entry.increment(error)) {
    if (error) break;
    const fs::file_status status = entry->symlink_status(error);
    const std::string relative = above + entry->path().filename().string();
    if (!in_share(share, relative, fs::is_directory(status))) continue;
    if (fs::is_directory(status)) {
      walk(entry->path(), relative + "/", share, listing);
      continue;
    }
    ++listing.seen;
    if (fs::is_symlink(status))
      ++listing.skipped["symbolic link"];
    else if (fs::is_regular_file(status))
      listing.files.push_back(entry->path());
    else
      ++listing.skipped["neither file nor folder"];
  }
  if (error) ++listing.skipped["folder that cannot be read"];
}

Listing list_files(const fs::path& path, const TreeShare& share) {
  Listing listing;
  std::error_code error;
  if (fs::is_regular_file(path, error)) {
    listing.root = path.parent_path();
    listing.files = {path};
    listing.seen = 1;
  } else {
    fs::directory_iterator probe(path, error);
    if (error) throw DataError(Fault::Unreadable, "the folder to be scanned is missing or cannot be read");
    listing.root = path;
    walk(path, "", share, listing);
    std::sort(listing.files.begin(), listing.files.end());
  }
  for (const fs::path& file : listing.files)
    listing.relative.push_back(file.lexically_relative(listing.root.empty() ? "." : listing.root).generic_string());
  if (listing.root.empty()) listing.relative = {path.generic_string()};
  return listing;
}

// What became of one file: a series of its own, a part of a DICOM series, or neither.
struct Judged {
  std::string skipped;
  std::optional<Series> volume;
  std::vector<DicomRecord> records;
  std::optional<LabelRecord> labels;
};

bool is_plain_file_below(const fs::path& root, const std::string& relative) {
  fs::path place = root;
  std::error_code error;
  fs::file_status status;
  for (const fs::path& part : fs::path(relative)) {
    if (part == ".." || (place != root && !fs::is_directory(status))) return false;
    status = fs::symlink_status(place /= part, error);
  }
  return fs::is_regular_file(status);
}

fs::path find_labels_of_volume(const ScanOptions& options, const Listing& listing, const PatternMatch& match) {
  if (options.labels.empty()) return {};
  const std::string relative = fill_pattern(options.labels, match);
  return is_plain_file_below(listing.root, relative) ? listing.root / relative : fs::path();
}

// Whether stored values span less than from air (-1000 HU) to water (0 HU).
bool too_narrow_for_hu(const VolumeHeader& header) {
  return scalar_bytes(header.scalar) == 1 && 255 * std::abs(header.rescale.slope) < 1000;
}

Judged judge_volume(const ScanOptions& options, const Listing& listing, std::size_t index) {
  const std::string& relative = listing.relative[index];
  if (!options.labels.empty() && match_pattern(options.labels, relative)) return {"label map", {}, {}, {}};
  const std::optional<PatternMatch> match = match_pattern(options.image, relative);
  if (!match) return {"volume file that the image pattern does not match", {}, {}, {}};
  Series series;
  series.kind = SourceKind::VolumeFile;
  series.name = match->name;
  series.patient = pseudonym('P', pseudonym_bits(options.hash_key, "patient", match->name));
  series.id = pseudonym('S', pseudonym_bits(options.hash_key, "file", relative));
  series.files = {listing.files[index]};
  series.labels = find_labels_of_volume(options, listing, *match);
  try {
    VolumeHeader header = read_volume_header(listing.files[index], options.voxel_cap, {});
    series.geometry = header.geometry;
    series.notes = std::move(header.notes);
    if (too_narrow_for_hu(header))
      series.refusals.push_back({Fault::NotCt, std::string(scalar_name(header.scalar)) +
                                                   " voxels cannot hold HU from air to bone: a label map, or an image "
                                                   "that has lost its HU"});
    if (series.geometry.size[2] < options.min_slices)
      series.refusals.push_back({Fault::TooFewSlices, std::to_string(series.geometry.size[2]) +
                                                          " slices, expected at least " +
                                                          std::to_string(options.min_slices)});
  } catch (const DataError& error) {
    series.refusals.push_back({error.fault(), error.what()});
  }
  return {"", std::move(series), {}, {}};
}

Judged judge_file(const ScanOptions& options, const Listing& listing, std::size_t index) {
  const bool volume = !volume_extension(listing.files[index].filename().string()).empty();
  try {
    const DicomFile file = read_dicom_file(listing.files[index]);
    const auto number = static_cast<std::uint32_t>(index);
    if (file.labels && !options.structures.empty()) {
      const LabelObjectHeader header = read_label_object(listing.files[index], *file.labels);
      return {"", {}, {}, make_label_record(header, *file.labels, number, listing.relative[index], options)};
    }
    if (file.verdict == DicomVerdict::Skipped) return {file.reason, {}, {}, {}};
    if (file.verdict == DicomVerdict::Image)
      return {"", {}, make_records(file, number, listing.relative[index], options.hash_key), {}};
  } catch (const DataError&) {
    if (!volume) return {"file that cannot be read", {}, {}, {}};
  }
  if (volume) return judge_volume(options, listing, index);
  return {"neither DICOM nor a volume file", {}, {}, {}};
}

// The folder below root that all files lie in.
std::string common_folder(const std::vector<std::string>& relative) {
  fs::path common = fs::path(relative.front()).parent_path();
  for (const std::string& file : relative) {
    const fs::path folder = fs::path(file).parent_path();
    const auto differs = std::mismatch(common.begin(), common.end(), folder.begin(), folder.end()).first;
    fs::path shared;
    for (auto part = common.begin(); part != differs; ++part) shared /= *part;
    common = shared;
  }
  return common.generic_string();
}

// The label map of a DICOM series: the * stands for its folder or one of the folders above it, nearest first.
fs::path find_labels_of_series(const ScanOptions& options, const fs::path& root, const std::string& folder) {
  if (options.labels.empty()) return {};
  const bool stars = options.labels.find('*') != std::string::npos;
  fs::path at = folder;
  while (true) {
    std::string relative =
        stars ? fill_pattern(options.labels, {{at.generic_string()}, "", ""}) : (at / options.labels).generic_string();
    if (relative.starts_with('/')) relative.erase(0, 1);  // the scanned folder itself
    if (is_plain_file_below(root, relative)) return root / relative;
    if (at.empty()) return {};
    at = at.parent_path();
  }
}

SeriesLinks links_of(std::uint64_t id, const std::vector<DicomRecord>& records) {
  SeriesLinks links{id, records.front().patient, 0, {}};
  for (const DicomRecord& record : records) {
    if (!record.localizer && links.frame_of_reference == 0) links.frame_of_reference = record.frame_of_reference;
    links.images.push_back(record.object);
  }
  return links;
}

void gather_dicom(std::vector<Judged>& judged, const ScanOptions& options, const Listing& listing,
                  Inventory& inventory) {
  std::map<std::uint64_t, std::vector<DicomRecord>> groups;
  for (Judged& one : judged)
    for (DicomRecord& record : one.records) groups[record.series].push_back(std::move(record));
  std::vector<Series> found;
  std::vector<SeriesLinks> links;
  for (auto& [id, records] : groups) {
    if (std::all_of(records.begin(), records.end(), [](const DicomRecord& record) { return record.localizer; })) {
      inventory.skipped["DICOM localizer"] += static_cast<std::int64_t>(records.size());
      continue;
    }
    std::vector<std::string> relative;
    for (const DicomRecord& record : records) relative.push_back(listing.relative[record.file]);
    const std::string folder = common_folder(relative);
    links.push_back(links_of(id, records));
    Series series = build_series(std::move(records), listing.files, options);
    series.name = folder.empty() ? fs::absolute(listing.root).lexically_normal().filename().string() : folder;
    series.labels = find_labels_of_series(options, listing.root, folder);
    found.push_back(std::move(series));
  }
  std::vector<LabelRecord> labels;
  for (Judged& one : judged)
    if (one.labels) labels.push_back(std::move(*one.labels));
  attach_labels(labels, links, listing.files, found, inventory.skipped);
  std::move(found.begin(), found.end(), std::back_inserter(inventory.series));
}

// What loading the labels would find in their headers.
void judge_labels(Series& series) {
  if (!series.accepted() || !series.labelled()) return;
  try {
    check_label_grids(series, {});
  } catch (const DataError& error) {
    const bool named = error.fault() == Fault::LabelMismatch;
    const char* what = series.labels.empty() ? "segmentation: " : "label map: ";
    series.refusals.push_back({error.fault(), (named ? "" : what) + std::string(error.what())});
  }
}

}  // namespace

bool Series::labelled() const {
  const auto wanted = [](const LabelStructure& structure) { return structure.label > 0; };
  return !labels.empty() || std::any_of(label_objects.begin(), label_objects.end(), [&](const LabelObject& object) {
    return std::any_of(object.structures.begin(), object.structures.end(), wanted);
  });
}

Inventory scan(const ScanOptions& options) {
  Listing listing = list_files(options.path, options.share);
  std::vector<Judged> judged(listing.files.size());
  tbb::parallel_for(std::size_t{0}, judged.size(), [&](std::size_t index) {
    if (!options.interrupted()) judged[index] = judge_file(options, listing, index);
  });
  Inventory inventory;
  if (options.interrupted()) return inventory;
  inventory.files = listing.seen;
  inventory.skipped = std::move(listing.skipped);
  for (Judged& one : judged) {
    if (!one.skipped.empty()) ++inventory.skipped[one.skipped];
    if (one.volume) inventory.series.push_back(std::move(*one.volume));
  }
  gather_dicom(judged, options, listing, inventory);
  tbb::parallel_for_each(inventory.series, judge_labels);
  std::sort(inventory.series.begin(), inventory.series.end(),
            [](const Series& a, const Series& b) { return a.files.front() < b.files.front(); });
  return inventory;
}

}  // namespace ctforge::io
