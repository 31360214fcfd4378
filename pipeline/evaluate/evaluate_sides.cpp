// Telling apart and loading what is compared.
#include "pipeline/evaluate/evaluate_sides.h"

#include "io/file/fault.h"
#include "io/file/shard.h"
#include "io/volume/inventory.h"
#include "pipeline/evaluate/evaluate_images.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFirstShard = "-00000.safetensors";
// Pseudonyms only tell patients apart here and are forgotten.
constexpr const char* kPassingKey = "patients of one comparison";

bool is_feature_file(const fs::path& path) {
  const std::string extension = path.extension();
  return extension == ".npy" || extension == ".npz" || extension == ".safetensors";
}

bool is_volume_file(const fs::path& path) {
  const std::string name = path.filename();
  constexpr std::array kEndings = {".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".dcm"};
  return std::any_of(kEndings.begin(), kEndings.end(), [&](const char* ending) { return name.ends_with(ending); });
}

// What a folder itself holds; without any of these it is scanned for DICOM and volumes below.
struct FolderContent {
  std::set<std::string> prefixes;  // of shards
  bool png = false, volumes = false;
};

FolderContent content_of(const fs::path& folder) {
  FolderContent content;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().filename();
    if (name.ends_with(kFirstShard))
      content.prefixes.insert(name.substr(0, name.size() - std::string(kFirstShard).size()));
    content.png = content.png || entry.path().extension() == ".png";
    content.volumes = content.volumes || is_volume_file(entry.path());
  }
  return content;
}

eval::PatchSet shards_of(const fs::path& folder, const std::set<std::string>& prefixes) {
  std::vector<eval::PatchSet> sets;
  for (const std::string& prefix : prefixes)
    sets.push_back(eval::patches_of(std::make_shared<const io::ShardSet>(folder, prefix)));
  return eval::concatenate(sets);
}

Side volumes_of(const fs::path& path, const EvaluateConfig& config, const Context& context) {
  io::ScanOptions options;
  options.path = path;
  options.hash_key = kPassingKey;
  VolumeSlices slices = volume_slices(io::scan(options).series, config, context);
  Side side;
  side.form = SideForm::Volumes;
  side.images = std::move(slices.planes);
  side.volumes_refused = slices.refused;
  return side;
}

}  // namespace

const char* form_name(SideForm form) {
  constexpr std::array kNames = {"shards", "volumes", "PNG images", "features", "statistics"};
  return kNames.at(static_cast<std::size_t>(form));
}

Side load_side(const fs::path& path, const EvaluateConfig& config, const Context& context) {
  if (!fs::exists(path))
    throw io::DataError(io::Fault::Unreadable, "there is nothing where a side of the comparison should be");
  Side side;
  if (fs::is_regular_file(path) && is_feature_file(path)) {
    side.numbers = read_features(path);
    side.form = side.numbers.statistics ? SideForm::Statistics : SideForm::Features;
    return side;
  }
  if (!fs::is_directory(path)) return volumes_of(path, config, context);
  const FolderContent content = content_of(path);
  if (static_cast<int>(!content.prefixes.empty()) + static_cast<int>(content.png) + static_cast<int>(content.volumes) >
      1)
    throw io::DataError(io::Fault::UnsupportedFormat,
                        "a folder to compare holds several of shards, PNG images and volumes: one kind is expected");
  if (content.prefixes.empty() && !content.png) return volumes_of(path, config, context);
  side.form = content.png ? SideForm::Png : SideForm::Shards;
  side.images.emplace_back("", content.png ? png_images(path) : shards_of(path, content.prefixes));
  return side;
}

}  // namespace ctforge::pipeline
