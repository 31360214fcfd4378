// Images that come neither as shards nor with masks: PNG files and slices of volumes, as sets of patches.
#pragma once

#include "eval/patch_set.h"
#include "io/volume/inventory.h"
#include "pipeline/evaluate/evaluate.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

namespace ctforge::pipeline {

// A set of one class, without masks, over hu [N,H,W] int16; patient[i] as an index, of as many as asked for.
eval::PatchSet image_set(const torch::Tensor& hu, std::vector<std::int32_t> patient, std::size_t patients,
                         const std::array<double, 2>& window_hu);
// A set of `count` items without pixels, each of a patient of its own: rows of features.
eval::PatchSet item_set(std::int64_t count);

// All *.png of a folder, in the order of their names: levels of 0 to 255 stand for HU with the window [0,255], and each
// image for a patient, since the files do not tell whose they are. Throws io::DataError as io::read_grey_png, and
// MixedSize.
eval::PatchSet png_images(const std::filesystem::path& folder);

struct VolumeSlices {
  std::vector<std::pair<std::string, eval::PatchSet>> planes;  // by plane, in the order of config.planes
  std::int64_t volumes = 0, refused = 0;
};
// Slices of the series that can be used, by config.planes and config.volumes: brought into axial order, resampled,
// spread evenly over the middle of the axis, config.images in all or every slice for 0; head and front up. Throws
// io::DataError(NothingUsable) when no series can be used, and Interrupted when asked to stop between two.
VolumeSlices volume_slices(const std::vector<io::Series>& series, const EvaluateConfig& config, const Context& context);

}  // namespace ctforge::pipeline
