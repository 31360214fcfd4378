// Parts as safetensors files named by their first patch.
#include "pipeline/train/train_latent_parts.h"

#include "io/file/fault.h"
#include "models/nets/weights.h"

#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include <torch/utils.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

// Mean and logvar; nothing where there is no whole part of that key.
std::optional<std::pair<torch::Tensor, torch::Tensor>> read_latent_part(const fs::path& file, const std::string& key,
                                                                        std::int64_t most) {
  if (!fs::exists(file)) return std::nullopt;
  try {
    const nets::TensorFile part = nets::load_tensors(file);
    const auto mean = part.tensors.find("mean"), logvar = part.tensors.find("logvar");
    const auto found = part.metadata.find("key");
    const bool ours = found != part.metadata.end() && found->second == key && mean != part.tensors.end() &&
                      logvar != part.tensors.end() && mean->second.sizes() == logvar->second.sizes() &&
                      mean->second.dim() == 4 && mean->second.size(0) > 0 && mean->second.size(0) <= most;
    if (ours) return std::pair{mean->second, logvar->second};
  } catch (const io::DataError&) {  // encoded again
  }
  return std::nullopt;
}

}  // namespace

LatentParts::LatentParts(const fs::path& file, std::string key)
    : folder_(file.parent_path() / (file.stem().string() + "-parts")), key_(std::move(key)) {}

fs::path LatentParts::part(std::int64_t first) const {
  char name[40];
  std::snprintf(name, sizeof name, "%012lld.safetensors", static_cast<long long>(first));
  return folder_ / name;
}

std::int64_t LatentParts::take(std::int64_t patches, torch::Tensor& mean, torch::Tensor& logvar) const {
  std::int64_t done = 0;
  while (const auto found = read_latent_part(part(done), key_, patches - done)) {
    const auto& [its_mean, its_logvar] = *found;
    if (done == 0) {
      auto shape = its_mean.sizes().vec();
      shape[0] = patches;
      mean = torch::empty(shape, torch::kFloat32);
      logvar = torch::empty(shape, torch::kFloat32);
    }
    const std::int64_t count = its_mean.size(0);
    mean.narrow(0, done, count).copy_(its_mean);
    logvar.narrow(0, done, count).copy_(its_logvar);
    done += count;
  }
  std::error_code error;
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(folder_, error))
    if (entry.path() >= part(done)) others.push_back(entry.path());
  if (done == 0) remove();
  for (const fs::path& other : others) fs::remove(other);
  return done;
}

void LatentParts::save(std::int64_t first, const torch::Tensor& mean, const torch::Tensor& logvar) const {
  nets::save_tensors(part(first), {{"mean", mean}, {"logvar", logvar}}, {{"key", key_}});
}

void LatentParts::remove() const { fs::remove_all(folder_); }

}  // namespace ctforge::pipeline
