// Implements checkpoints: safetensors with a checksum over names, types, shapes, data and metadata.
#include "models/train/checkpoint.h"

#include "io/file/atomic_file.h"
#include "io/file/digest.h"
#include "io/file/fault.h"
#include "models/nets/weights.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

namespace ctforge::train {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// Over names, types, shapes, data and all metadata but the checksum itself. The tensors lie contiguous on the CPU.
std::string contents_hash(const std::map<std::string, torch::Tensor>& tensors, const io::Metadata& metadata) {
  io::Sha256 hash;
  for (const auto& [name, tensor] : tensors) {
    hash.update(name + '\n' + torch::toString(tensor.scalar_type()));
    for (const std::int64_t extent : tensor.sizes()) hash.update(' ' + std::to_string(extent));
    hash.update("\n");
    hash.update(std::span(static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()));
  }
  for (const auto& [key, text] : metadata) {
    if (key != "sha256") hash.update(key + '\n' + std::to_string(text.size()) + '\n' + text + '\n');
  }
  return hash.hex();
}

constexpr const char* kFolderUnreadable = "the folder of the checkpoints cannot be read";

// The step in PREFIX-STEP.safetensors, or -1 for another file name.
std::int64_t step_of(const fs::path& file, const std::string& prefix) {
  const std::string stem = file.stem().string();
  if (file.extension() != ".safetensors" || !stem.starts_with(prefix + '-')) return -1;
  const char* first = stem.data() + prefix.size() + 1;
  const char* last = stem.data() + stem.size();
  std::int64_t step = -1;
  const auto [end, error] = std::from_chars(first, last, step);
  return error == std::errc() && end == last ? step : -1;
}

fs::path file_name(const fs::path& folder, const std::string& prefix, std::int64_t step) {
  const std::string digits = std::to_string(step);
  return folder /
         (prefix + '-' + std::string(9 - std::min<std::size_t>(digits.size(), 9), '0') + digits + ".safetensors");
}

void compare(const Json& before, const Json& now, const std::string& path, std::vector<std::string>& differences) {
  if (before == now) return;
  if (!before.is_object() || !now.is_object()) {
    differences.push_back(path + " was " + before.dump() + ", is now " + now.dump());
    return;
  }
  const std::string dot = path.empty() ? "" : path + ".";
  for (const auto& [key, value] : before.items()) {
    if (now.contains(key)) {
      compare(value, now[key], dot + key, differences);
    } else {
      differences.push_back(dot + key + " was " + value.dump() + ", is now absent");
    }
  }
  for (const auto& [key, value] : now.items()) {
    if (!before.contains(key)) differences.push_back(dot + key + " was absent, is now " + value.dump());
  }
}

}  // namespace

CheckpointStore::CheckpointStore(fs::path folder, std::string prefix, int keep, std::int64_t keep_every)
    : folder_(std::move(folder)), prefix_(std::move(prefix)), keep_(keep), keep_every_(keep_every) {
  if (keep_ < 1 || keep_every_ < 0) throw std::invalid_argument("checkpoints: at least one must be kept");
}

void CheckpointStore::save(Checkpoint& checkpoint) const {
  nets::NamedTensors plain;
  for (const auto& [name, tensor] : checkpoint.tensors) plain[name] = tensor.detach().to(torch::kCPU).contiguous();
  checkpoint.metadata["format"] = "pt";
  checkpoint.metadata["step"] = std::to_string(checkpoint.step);
  checkpoint.sha256 = contents_hash(plain, checkpoint.metadata);
  checkpoint.metadata["sha256"] = checkpoint.sha256;
  fs::create_directories(folder_);
  nets::save_tensors(file_name(folder_, prefix_, checkpoint.step), plain, checkpoint.metadata);

  // Steps beyond this one belong to a checkpoint that could not be read: this run has overtaken them.
  int kept = 0;
  for (const fs::path& file : files()) {
    const std::int64_t step = step_of(file, prefix_);
    if (step > checkpoint.step || (++kept > keep_ && !stays(step))) fs::remove(file);
  }
  io::remove_leftovers(folder_);
}

std::vector<fs::path> CheckpointStore::files() const {
  std::vector<fs::path> found;
  std::error_code error;
  const bool there = fs::exists(folder_, error);
  fs::directory_iterator entries;
  if (there) entries = fs::directory_iterator(folder_, error);
  // Taken for none, they would be trained over.
  if (error) throw io::DataError(io::Fault::Unreadable, kFolderUnreadable);
  for (; entries != fs::directory_iterator(); entries.increment(error)) {
    if (step_of(entries->path(), prefix_) >= 0 && entries->is_regular_file(error)) found.push_back(entries->path());
    if (error) break;
  }
  if (error) throw io::DataError(io::Fault::Unreadable, kFolderUnreadable);
  std::sort(found.begin(), found.end(),
            [this](const fs::path& a, const fs::path& b) { return step_of(a, prefix_) > step_of(b, prefix_); });
  return found;
}

std::optional<Checkpoint> CheckpointStore::load_newest(const std::function<void(const std::string&)>& warn) const {
  for (const fs::path& file : files()) {
    try {
      return load_checkpoint(file);
    } catch (const io::DataError& error) {
      // Not open to us now is not damaged: to go on from an older one would overwrite it.
      if (error.fault() == io::Fault::Unreadable) throw;
      if (warn) {
        warn("checkpoint " + file.filename().string() + " is damaged (" + error.what() +
             "); the one before it is used, if there is one");
      }
    }
  }
  return std::nullopt;
}

Checkpoint load_checkpoint(const fs::path& file) {
  nets::TensorFile loaded = nets::load_tensors(file);
  const auto recorded = loaded.metadata.find("sha256");
  if (recorded == loaded.metadata.end() || recorded->second != contents_hash(loaded.tensors, loaded.metadata)) {
    throw io::DataError(io::Fault::InvalidShard, "the checksum of its contents is not the one recorded");
  }
  Checkpoint result;
  result.step = std::stoll(loaded.metadata.at("step"));
  result.sha256 = recorded->second;
  result.tensors = std::move(loaded.tensors);
  result.metadata = std::move(loaded.metadata);
  return result;
}

std::map<std::string, torch::Tensor> with_prefix(const std::map<std::string, torch::Tensor>& tensors,
                                                 const std::string& prefix) {
  std::map<std::string, torch::Tensor> result;
  for (auto at = tensors.lower_bound(prefix); at != tensors.end() && at->first.starts_with(prefix); ++at) {
    result[at->first.substr(prefix.size())] = at->second;
  }
  return result;
}

std::vector<std::string> configuration_differences(const std::string& before, const std::string& now) {
  std::vector<std::string> differences;
  compare(Json::parse(before), Json::parse(now), "", differences);
  return differences;
}

}  // namespace ctforge::train
