// One shard at a time: drawn in batches, written whole, never drawn again for the same settings.
#include "pipeline/sample/sample_shards.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "io/file/shard.h"
#include "io/volume/window.h"
#include "models/nets/weights.h"
#include "pipeline/config/config_visitors.h"
#include "pipeline/run/folder_lock.h"
#include "pipeline/sample/sample_files.h"
#include "pipeline/train/save_timer.h"
#include "pipeline/train/train_pairs.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr const char* kPrefix = "synthetic";
constexpr const char* kBeingDrawn = ".part";  // folder of a shard under way

std::string numbered(const char* format, std::int64_t number) {
  char text[64];
  std::snprintf(text, sizeof text, format, static_cast<long long>(number));
  return text;
}

constexpr const char* kUnfinished = "unfinished-";  // samples of a shard being drawn, and their pairs

std::string shard_name(std::int64_t shard) { return kPrefix + numbered("-%05lld.safetensors", shard); }

// Everything a sample depends on besides its index: not how many there are, nor how many are drawn at once.
ordered_json identity_of(const SampleConfig& config, const Generator& generator, std::uint64_t seed,
                         const std::vector<double>& proportions) {
  ordered_json settings = section_json(config);
  settings.erase("count");
  settings.erase("batch");
  for (const char* key : {"format", "enhanced", "structure_set", "surfaces"}) settings.erase(key);
  settings.erase("untrained");
  settings.erase("weaker");  // a path
  const bool varied = static_cast<bool>(generator.starts);
  if (!varied)  // as before there were variations
    for (const char* key : {"strength", "movement"}) settings.erase(key);
  ordered_json identity = {{"schema", 1},
                           {"settings", settings},
                           {"seed", seed},
                           {"proportions", proportions},
                           {"checkpoint_sha256", generator.checkpoint_sha256},
                           {"checkpoint_step", generator.step},
                           {"train_sha256", generator.train_sha256},
                           {"autoencoder_sha256", generator.autoencoder_sha256},
                           {"training", generator.config},
                           {"weaker_sha256", generator.weaker ? generator.weaker->checkpoint_sha256 : ""},
                           {"samples_per_shard", kSamplesPerShard}};
  if (varied) identity["starts_sha256"] = generator.starts_sha256;
  return identity;
}

std::vector<fs::path> shards_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(std::string(kPrefix) + "-") || name.starts_with("pairs-") || name.starts_with(kUnfinished))
      files.push_back(entry.path());
  }
  return files;
}

std::string drawing_folder(const std::optional<Part>& part) {
  return part ? kBeingDrawn + std::to_string(part->index + 1) : kBeingDrawn;
}

// What attempts of all parts left behind; theirs who draws all.
void remove_drawing_folders(const fs::path& folder) {
  io::remove_leftovers(folder);
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(kBeingDrawn)) found.push_back(entry.path());
  for (const auto& path : found) fs::remove_all(path);
}

// Removes shards that other settings gave, and the record of a finished run, which no longer holds.
void prepare_folder(const fs::path& folder, const ordered_json& identity, bool all) {
  fs::create_directories(folder);
  // Whoever comes first of several that each draw a part.
  const FolderLock lock(folder, FolderLock::Mode::InTurn);
  fs::remove(folder / "samples.json");
  if (all) remove_drawing_folders(folder);
  const std::string text = identity.dump(1) + "\n";
  if (fs::exists(folder / "settings.json") && io::read_whole_file(folder / "settings.json") == text) return;
  if (fs::remove(folder / "settings.json")) {  // without it, these are not ours
    fs::remove_all(folder / "nifti");
    fs::remove_all(folder / "dicom");
  }
  for (const auto& file : shards_in(folder)) fs::remove(file);
  io::write_atomically(folder / "settings.json", text);
}

// pairs: the file of their noise and latents; empty: not asked for.
bool holds(const fs::path& path, std::int64_t samples, const fs::path& pairs) {
  if (!fs::exists(path) || (!pairs.empty() && !fs::exists(pairs))) return false;
  try {
    const io::SafetensorsFile file(path);
    return file.at("hu").shape.at(0) == samples;
  } catch (const io::DataError&) {
    return false;
  }
}

// The samples of a shard that are drawn but do not fill it yet, on disk.
class Unfinished {
 public:
  // Of the shard and the file of pairs that they will be part of; pairs: empty: none.
  Unfinished(const fs::path& shard, const fs::path& pairs)
      : samples_(shard.parent_path() / (kUnfinished + shard.filename().string())) {
    if (!pairs.empty()) pairs_ = pairs.parent_path() / (kUnfinished + pairs.filename().string());
  }

  // Gives what was saved to the writer and the lists; returns how many samples that are, 0 where it is not whole.
  std::int64_t take(io::ShardWriter& writer, std::vector<torch::Tensor>& noise, std::vector<torch::Tensor>& latents,
                    std::int64_t most) const {
    if (!fs::exists(samples_)) return 0;
    try {
      const std::int64_t count = io::SafetensorsFile(samples_).at("hu").shape.at(0);
      if (count >= most) return 0;
      if (!pairs_.empty()) {
        const auto saved = nets::load_tensors(pairs_).tensors;
        if (saved.at("noise").size(0) < count) return 0;
        noise.push_back(saved.at("noise").narrow(0, 0, count));
        latents.push_back(saved.at("latents").narrow(0, 0, count));
      }
      writer.go_on(0, samples_);
      return count;
    } catch (const io::DataError&) {
      noise.clear();
      latents.clear();
      return 0;  // drawn again
    }
  }

  void save(const io::ShardWriter& writer, const std::vector<torch::Tensor>& noise,
            const std::vector<torch::Tensor>& latents) const {
    if (writer.unfinished_patches() == 0) return;
    if (!pairs_.empty())
      nets::save_tensors(pairs_, {{"noise", torch::cat(noise)}, {"latents", torch::cat(latents)}}, {});
    writer.save_unfinished(samples_);  // last: it says how many there are
  }

  void remove() const {
    fs::remove(samples_);
    if (!pairs_.empty()) fs::remove(pairs_);
  }

 private:
  fs::path samples_, pairs_;
};

// However its scope is left, as by a full disk.
struct FolderRemover {
  fs::path folder;
  ~FolderRemover() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
};

class ShardDrawer {
 public:
  ShardDrawer(const SampleConfig& config, const Generator& generator, const diffusion::Net& net, std::uint64_t seed,
              const Context& context)
      : config_(config), generator_(generator), net_(net), seed_(seed), context_(context), info_(generator.patches) {
    info_.synthetic = true;
    info_.contoured.clear();
  }

  // Draws samples first .. last-1 and writes them as `path`, and their noise and latents as `pairs` unless that is
  // empty. What an interrupted attempt drew of them is taken. Returns how many were drawn now.
  std::int64_t draw(const std::vector<std::int64_t>& classes, std::int64_t first, std::int64_t last,
                    const fs::path& path, const fs::path& pairs) {
    // The writer numbers its files from 0; the finished file is moved to its place, which is atomic too.
    const fs::path part = path.parent_path() / drawing_folder(context_.part);
    fs::remove_all(part);
    const FolderRemover remover{part};
    io::ShardWriter writer(part, kPrefix, info_, last - first);
    std::vector<torch::Tensor> noise, latents;
    const Unfinished unfinished = {path, pairs};
    const std::int64_t before = unfinished.take(writer, noise, latents, last - first);
    if (before == 0) writer = io::ShardWriter(part, kPrefix, info_, last - first);
    SaveTimer timer(context_.save_every_s);
    const std::int64_t batch = drawn_at_once(config_.batch, generator_.device);
    for (std::int64_t begin = first + before; begin < last; begin += batch) {
      const std::int64_t end = std::min(begin + batch, last);
      std::vector<Wanted> wanted;
      for (std::int64_t i = begin; i < end; ++i) wanted.push_back({i, classes[static_cast<std::size_t>(i)]});
      const auto samples = draw_samples(config_, generator_, net_, seed_, wanted, context_.interrupted);
      if (!samples) {
        unfinished.save(writer, noise, latents);
        throw Interrupted{"sample"};
      }
      for (std::size_t i = 0; i < wanted.size(); ++i)
        writer.add(patch(samples->decoded, static_cast<std::int64_t>(i), wanted[i]));
      if (!pairs.empty()) {
        noise.push_back(samples->noise);
        latents.push_back(samples->latents);
      }
      context_.progress(end, config_.count, "sample");
      if (end < last && timer.due()) {
        unfinished.save(writer, noise, latents);
        timer.saved();
      }
    }
    if (!pairs.empty())
      write_pairs(pairs, torch::cat(noise), torch::cat(latents), {classes.begin() + first, classes.begin() + last},
                  {generator_.autoencoder_sha256, generator_.patches.classes});
    fs::rename(writer.finish().at(0), path);
    unfinished.remove();
    return last - first - before;
  }

 private:
  io::Patch patch(const diffusion::Decoded& samples, std::int64_t i, const Wanted& wanted) const {
    const auto pixels = static_cast<std::size_t>(info_.height * info_.width);
    const auto image = samples.image[i].contiguous();
    const auto mask = samples.mask[i].contiguous();
    io::Patch patch;
    patch.hu.resize(pixels);
    io::unwindow({image.data_ptr<float>(), pixels}, info_.window_hu, patch.hu);
    patch.mask.assign(mask.data_ptr<std::uint8_t>(), mask.data_ptr<std::uint8_t>() + pixels);
    patch.class_index = static_cast<std::int32_t>(wanted.class_index);
    patch.patient = patch.series = sample_name(wanted.index);
    for (std::size_t axis = 0; axis < 3; ++axis)
      patch.place.voxel_mm[axis] = static_cast<float>(info_.spacing_mm[axis]);
    return patch;
  }

  const SampleConfig& config_;
  const Generator& generator_;
  const diffusion::Net& net_;
  std::uint64_t seed_;
  const Context& context_;
  io::ShardInfo info_;
};

}  // namespace

ordered_json write_samples(const SampleConfig& config, const Generator& generator, const diffusion::Net& net,
                           std::uint64_t seed, const std::vector<double>& proportions, const fs::path& folder,
                           const Context& context) {
  ordered_json record = identity_of(config, generator, seed, proportions);
  prepare_folder(folder, record, !context.part);
  const auto classes = class_sequence(config.count, proportions);
  ShardDrawer drawer(config, generator, net, seed, context);
  const auto start = std::chrono::steady_clock::now();
  std::int64_t drawn = 0, shard = 0;
  ordered_json shards = ordered_json::array();
  for (std::int64_t first = 0; first < config.count; first += kSamplesPerShard, ++shard) {
    const std::int64_t last = std::min(first + kSamplesPerShard, config.count);
    const fs::path path = folder / shard_name(shard), pairs = config.pairs ? folder / pairs_name(shard) : fs::path();
    shards.push_back(path.filename().string());
    if (config.pairs) shards.push_back(pairs.filename().string());
    if (context.part && !context.part->has(shard)) continue;
    if (!holds(path, last - first, pairs)) {
      drawn += drawer.draw(classes, first, last, path, pairs);
    }
    if (context.interrupted() && last < config.count) throw Interrupted{"sample"};
  }
  if (context.part) return {{"drawn", drawn}};
  // What an earlier, larger count left.
  for (const auto& file : shards_in(folder)) {
    if (std::find(shards.begin(), shards.end(), file.filename().string()) == shards.end()) fs::remove(file);
  }

  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  ordered_json counts = ordered_json::object();
  for (std::size_t k = 0; k < generator.patches.classes.size(); ++k) {
    counts[generator.patches.classes[k]] = std::count(classes.begin(), classes.end(), static_cast<std::int64_t>(k));
  }
  record["settings"] = section_json(config);
  record["settings"].erase("weaker");
  record["count"] = config.count;
  record["classes"] = counts;
  record["shards"] = shards;
  record["kept_from_before"] = config.count - drawn;
  if (drawn > 0) record["seconds_per_sample"] = elapsed.count() / static_cast<double>(drawn);
  return record;
}

}  // namespace ctforge::pipeline
