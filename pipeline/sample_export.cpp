// Shards read back and written one volume a sample.
#include "pipeline/sample_export.h"

#include "io/shard.h"
#include "io/volume_file.h"

#include <string>

namespace ctforge::pipeline {

void export_nifti(const std::filesystem::path& samples, const Context& context) {
  namespace fs = std::filesystem;
  const io::ShardSet set(samples, "synthetic");
  io::Geometry geometry;
  geometry.size = {set.info().width, set.info().height, 1};
  geometry.spacing_mm = set.info().spacing_mm;
  for (std::int64_t i = 0; i < set.size(); ++i) {
    if (context.interrupted()) throw Interrupted{"sample"};
    const auto sample = set.at(i);
    const fs::path image = samples / "nifti" / (sample.patient + ".nii.gz");
    const fs::path mask = samples / "nifti" / (sample.patient + "_mask.nii.gz");
    if (!fs::exists(image)) io::write_volume(image, {geometry, {sample.hu.begin(), sample.hu.end()}});
    if (!fs::exists(mask)) io::write_labels(mask, {geometry, {sample.mask.begin(), sample.mask.end()}});
    context.progress(i + 1, set.size(), "NIfTI file");
  }
}

}  // namespace ctforge::pipeline
