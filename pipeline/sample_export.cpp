// Shards read back and written one volume a sample.
#include "pipeline/sample_export.h"

#include "io/atomic_file.h"
#include "io/dicom_write.h"
#include "io/shard.h"
#include "io/volume_file.h"
#include "pipeline/sample_shards.h"

#include <functional>

#include <version.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

struct Sample {
  std::string name;  // SYN-000001
  std::string class_name;
  io::Volume volume;
};

struct Format {
  std::string title;    // for the progress line
  fs::path folder;      // where the files lie
  std::string suffix;   // of a sample's name: its volume, a file or the folder of a series
  std::string witness;  // of a sample's name: the file that is there when the volume is
  std::function<void(const fs::path& path, const Sample& sample)> write;
};

std::string mask_name(std::int64_t index) { return sample_name(index) + "_mask.nii.gz"; }

// A larger count, earlier, left samples whose shards are gone.
void remove_beyond(const Format& format, std::int64_t count) {
  for (std::int64_t i = count;; ++i) {
    const bool volume = fs::remove_all(format.folder / (sample_name(i) + format.suffix)) > 0;
    const bool mask = fs::remove(format.folder / mask_name(i));
    if (!volume && !mask) return;
  }
}

void export_each(const fs::path& samples, const Format& format, const Context& context) {
  const io::ShardSet set(samples, "synthetic");
  io::Geometry geometry;
  geometry.size = {set.info().width, set.info().height, 1};
  geometry.spacing_mm = set.info().spacing_mm;
  io::remove_leftovers(format.folder);
  remove_beyond(format, set.size());
  for (std::int64_t i = 0; i < set.size(); ++i) {
    if (context.interrupted()) throw Interrupted{"sample"};
    const std::string name = sample_name(i);
    const fs::path mask = format.folder / mask_name(i);
    const bool has_volume = fs::exists(format.folder / (name + format.witness)), has_mask = fs::exists(mask);
    if (!has_volume || !has_mask) {
      const auto view = set.at(i);
      const std::string& class_name = set.info().classes.at(static_cast<std::size_t>(view.class_index));
      if (!has_volume)
        format.write(format.folder / (name + format.suffix),
                     {name, class_name, {geometry, {view.hu.begin(), view.hu.end()}}});
      if (!has_mask) io::write_labels(mask, {geometry, {view.mask.begin(), view.mask.end()}});
    }
    context.progress(i + 1, set.size(), format.title);
  }
}

}  // namespace

void export_nifti(const fs::path& samples, const Context& context) {
  const auto write = [](const fs::path& path, const Sample& sample) { io::write_volume(path, sample.volume); };
  export_each(samples, {"NIfTI file", samples / "nifti", ".nii.gz", ".nii.gz", write}, context);
}

void export_dicom(const fs::path& samples, const SampleOrigin& origin, const Context& context) {
  const auto write = [&](const fs::path& folder, const Sample& sample) {
    io::remove_leftovers(folder);
    io::CtSeriesInfo info;
    info.patient_id = sample.name;
    info.description = "SYNTHETIC " + sample.class_name;
    info.uid_seed = "sample";
    info.versions = {std::string("ctforge ") + kVersion + " (" + kCommit + ")",
                     "checkpoint " + origin.checkpoint_sha256.substr(0, 16)};
    info.contribution = "Drawn with seed " + std::to_string(origin.seed) + " from a generator of " +
                        std::to_string(origin.checkpoint_step) + " training steps, SHA-256 of its checkpoint " +
                        origin.checkpoint_sha256 + ".";
    io::write_ct_series(folder, sample.volume, info);
  };
  export_each(samples, {"DICOM series", samples / "dicom", "", "/CT000001.dcm", write}, context);
}

}  // namespace ctforge::pipeline
