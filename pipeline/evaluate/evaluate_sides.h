// The two sides of `ctforge evaluate --real A --synthetic B`, told apart by what they hold.
#pragma once

#include "eval/patch_set.h"
#include "pipeline/evaluate/evaluate.h"
#include "pipeline/evaluate/evaluate_features.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace ctforge::pipeline {

enum class SideForm { Shards, Volumes, Png, Features, Statistics };
// "shards", "volumes", "PNG images", "features", "statistics".
const char* form_name(SideForm form);

struct Side {
  SideForm form = SideForm::Features;
  // Images: one set, its plane empty but for volumes; of volumes one a plane.
  std::vector<std::pair<std::string, eval::PatchSet>> images;
  FeatureFile numbers;  // features or statistics
  std::int64_t volumes_refused = 0;

  bool has_images() const { return !images.empty(); }
  // Whether it tells which patient an item is of; else every item counts as a patient.
  bool knows_patients() const { return form == SideForm::Shards || form == SideForm::Volumes; }
};

// A file of features or statistics (pipeline/evaluate/evaluate_features.h), a folder of shards (all of them), of PNG
// images, or a file or folder of NIfTI, NRRD, MetaImage or DICOM. Throws io::DataError: Unreadable when nothing is
// there, UnsupportedFormat for a folder of several kinds, and what reading each kind throws.
Side load_side(const std::filesystem::path& path, const EvaluateConfig& config, const Context& context);

}  // namespace ctforge::pipeline
