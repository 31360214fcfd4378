// Shards read back and written one sample after the other.
#include "pipeline/sample/sample_export.h"

#include "io/file/atomic_file.h"
#include "io/file/shard.h"

#include <functional>
#include <set>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

struct Format {
  std::string title;  // for the progress line
  fs::path folder;    // where the files lie
  std::function<std::vector<SampleFile>(const ExportedSample& sample)> files;
};

ExportedSample sample_at(const io::ShardSet& set, std::int64_t index) {
  io::Geometry geometry;
  geometry.size = {set.info().width, set.info().height, 1};
  geometry.spacing_mm = set.info().spacing_mm;
  const auto view = set.at(index);
  return {.name = sample_name(index),
          .index = index,
          .class_name = set.info().classes.at(static_cast<std::size_t>(view.class_index)),
          .volume = {geometry, {view.hu.begin(), view.hu.end()}},
          .labels = {geometry, {view.mask.begin(), view.mask.end()}},
          .label_names = set.info().labels};
}

std::set<std::string> files_there(const fs::path& folder) {
  std::set<std::string> names;
  if (!fs::exists(folder)) return names;
  for (const auto& entry : fs::directory_iterator(folder))
    if (const std::string name = entry.path().filename().string(); is_sample_file(name)) names.insert(name);
  return names;
}

void export_each(const fs::path& samples, const Format& format, const Context& context) {
  const io::ShardSet set(samples, "synthetic");
  io::remove_leftovers(format.folder);
  // What a larger count or other options left.
  std::set<std::string> superfluous = files_there(format.folder);
  for (std::int64_t i = 0; i < set.size(); ++i) {
    if (context.interrupted()) throw Interrupted{"sample"};
    const ExportedSample sample = sample_at(set, i);
    const std::vector<SampleFile> files = format.files(sample);
    const bool anew = !fs::exists(format.folder / files.front().witness);
    for (const SampleFile& file : files) {
      superfluous.erase(file.name);
      if (anew || !fs::exists(format.folder / file.witness)) file.write(format.folder / file.name);
    }
    context.progress(i + 1, set.size(), format.title);
  }
  for (const std::string& name : superfluous) fs::remove_all(format.folder / name);
}

}  // namespace

void export_nifti(const fs::path& samples, const SampleOrigin& origin, const ExportOptions& options,
                  const Context& context) {
  const auto files = [&](const ExportedSample& sample) { return nifti_files(sample, origin, options); };
  export_each(samples, {"NIfTI files", samples / "nifti", files}, context);
}

void export_dicom(const fs::path& samples, const SampleOrigin& origin, const ExportOptions& options,
                  const Context& context) {
  const auto files = [&](const ExportedSample& sample) { return dicom_files(sample, origin, options); };
  export_each(samples, {"DICOM series", samples / "dicom", files}, context);
}

}  // namespace ctforge::pipeline
