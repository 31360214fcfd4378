// Patch shards: safetensors files of int16 HU and uint8 masks with what each patch is, and a data set of many shards.
//
// Tensors of a shard of N patches of height H and width W:
//   hu       I16 [N,H,W]  Hounsfield units, not windowed
//   mask     U8  [N,H,W]  label values, 0 background
//   class    I32 [N]      index into metadata "classes"
//   patient  I32 [N]      index into metadata "patients" (keyed hashes, or SYN-... for synthetic)
//   series   I32 [N]      index into metadata "series"
//   slice    I32 [N]      PatchPlace::slice, and the others likewise
//   corner   I32 [N,2]
//   position F32 [N,3]
//   voxel    F32 [N,3]
// Metadata (each a JSON text): "schema" (3), "classes", "labels" (names by label value), "contoured" (for each series
// the label values that were contoured at all), "patients", "series", "spacing_mm" [x,y,z], "window_hu" [low, high],
// "synthetic" (true or false), "ctforge" (version). A file names only the patients and series it holds patches of.
#pragma once

#include "io/file/safetensors.h"
#include "io/volume/geometry.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ctforge::io {

// What "schema" says; it changes when files of before cannot be read any more.
inline constexpr int kShardSchema = 3;

// Where a patch lies in its series' resampled volume, whose slices may be oblique.
struct PatchPlace {
  std::int32_t slice = 0;                        // index of the slice
  std::array<std::int32_t, 2> corner = {0, 0};   // x, y of the patch's first voxel in it; negative: beyond its edge
  std::array<float, 3> position_mm = {0, 0, 0};  // LPS of that voxel
  std::array<float, 3> voxel_mm = {1, 1, 1};     // size of a voxel along x and y, distance of slices
  bool operator==(const PatchPlace&) const = default;
};

struct Patch {
  std::vector<std::int16_t> hu;    // [H,W]
  std::vector<std::uint8_t> mask;  // [H,W]
  std::int32_t class_index = 0;
  std::string patient;
  std::string series;
  PatchPlace place;
};

// What all shards of a data set share.
struct ShardInfo {
  std::int64_t height = 0, width = 0;
  std::vector<std::string> classes;
  std::vector<std::string> labels;                    // labels[0] is "background"
  std::map<std::string, std::vector<int>> contoured;  // series -> label values contoured; absent series: all
  Vector3 spacing_mm = {1, 1, 1};
  std::array<double, 2> window_hu = {-1000, 1000};
  bool synthetic = false;
};

// Writes PREFIX-00000.safetensors, PREFIX-00001... of at most patches_per_shard patches each, in the order of add().
// Holds one shard in memory. Throws std::invalid_argument when a patch does not fit the info, std::system_error (errno)
// when a file cannot be written.
class ShardWriter {
 public:
  ShardWriter(std::filesystem::path folder, std::string prefix, ShardInfo info, std::int64_t patches_per_shard = 1024);
  void add(Patch patch);
  // Which labels a series has contoured: those absent are unknown, not absent from the anatomy. To be called before the
  // series' first patch is added.
  void set_contoured(const std::string& series, std::vector<int> label_values);
  // Writes what is left; returns all files of the set. Not called: the last shard is not written.
  std::vector<std::filesystem::path> finish();

  // What another writer of the same set needs to go on where this one stands: the shards written, and the patches that
  // are in none yet, which save_unfinished() writes as a file of their own.
  std::int64_t shards_written() const { return static_cast<std::int64_t>(written_.size()); }
  std::int64_t unfinished_patches() const { return static_cast<std::int64_t>(patches_.size()); }
  void save_unfinished(const std::filesystem::path& file) const;
  // unfinished: such a file, or an empty path. To be called before anything is added. Throws DataError(InvalidShard)
  // when a shard is missing or damaged, or the file is, or it is of another kind than the info.
  void go_on(std::int64_t shards_written, const std::filesystem::path& unfinished);

 private:
  void flush();
  std::filesystem::path next_shard() const;
  void write(const std::filesystem::path& file) const;
  void check(const Patch& patch) const;
  std::filesystem::path folder_;
  std::string prefix_;
  ShardInfo info_;
  std::int64_t patches_per_shard_;
  std::vector<Patch> patches_;  // of the shard being filled
  std::vector<std::filesystem::path> written_;
};

// Whether a folder holds any shard PREFIX-*.safetensors: a split can be empty.
bool has_shards(const std::filesystem::path& folder, const std::string& prefix);

// All shards PREFIX-00000.safetensors and on of a folder as one list of patches, memory-mapped. Throws
// DataError(InvalidShard) when there is none, one is missing from the sequence, is damaged, or disagrees with the first
// about size, classes, labels, contours, spacing, window or being synthetic.
class ShardSet {
 public:
  ShardSet(const std::filesystem::path& folder, const std::string& prefix);
  explicit ShardSet(const std::filesystem::path& file);  // of one shard
  std::int64_t size() const { return static_cast<std::int64_t>(index_.size()); }
  const ShardInfo& info() const { return info_; }

  struct View {
    std::span<const std::int16_t> hu;    // [H,W]
    std::span<const std::uint8_t> mask;  // [H,W]
    std::int32_t class_index;
    const std::string& patient;
    const std::string& series;
    PatchPlace place;
  };
  // Throws std::out_of_range; DataError(InvalidShard) when the mask has a value without a name in info().labels.
  View at(std::int64_t index) const;

 private:
  struct Shard {
    SafetensorsFile file;
    std::vector<std::string> patients, series;
  };
  void add_shard(const std::filesystem::path& path);
  std::vector<Shard> shards_;
  std::vector<std::pair<std::int32_t, std::int32_t>> index_;  // (shard, patch within it)
  ShardInfo info_;
};

// What a view shows, for a writer.
Patch copied(const ShardSet::View& view);

}  // namespace ctforge::io
