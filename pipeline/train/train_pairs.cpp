// Pairs to files and back.
#include "pipeline/train/train_pairs.h"

#include "io/file/fault.h"
#include "models/nets/weights.h"
#include "pipeline/train/train_data.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

constexpr const char* kPairsPrefix = "pairs";
constexpr const char *kAutoencoder = "autoencoder_sha256", *kClasses = "classes";

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(std::string(kPairsPrefix) + "-") && entry.path().extension() == ".safetensors")
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string value_of(const io::Metadata& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::string() : found->second;
}

}  // namespace

std::string pairs_name(std::int64_t shard) {
  char text[64];
  std::snprintf(text, sizeof text, "%s-%05lld.safetensors", kPairsPrefix, static_cast<long long>(shard));
  return text;
}

void write_pairs(const fs::path& file, const torch::Tensor& noise, const torch::Tensor& data,
                 const std::vector<std::int32_t>& classes, const PairsOrigin& origin) {
  if (noise.sizes() != data.sizes() || noise.size(0) != static_cast<std::int64_t>(classes.size()))
    throw std::invalid_argument("pairs of different shapes");
  nets::save_tensors(file, {{"noise", noise}, {"data", data}, {"class", torch::tensor(classes, torch::kInt32)}},
                     {{kAutoencoder, origin.autoencoder_sha256},
                      {kClasses, nlohmann::json(origin.classes).dump()},
                      {"synthetic", "true"}});
}

std::string pairs_sha256(const fs::path& folder) { return split_sha256(folder, kPairsPrefix); }

PairSet::PairSet(const fs::path& folder, const PairsOrigin& origin, const std::vector<std::int64_t>& shape) {
  const auto paths = files_in(folder);
  if (paths.empty())
    throw io::DataError(io::Fault::NothingUsable,
                        "train.pairs holds no pairs-*.safetensors: draw samples with sample.pairs true");
  sha256_ = pairs_sha256(folder);
  for (const fs::path& path : paths) {
    const auto file = std::make_shared<io::SafetensorsFile>(path);
    const bool alike = value_of(file->metadata(), kAutoencoder) == origin.autoencoder_sha256 &&
                       value_of(file->metadata(), kClasses) == nlohmann::json(origin.classes).dump();
    File one{nets::mapped_tensor(file, "noise", 4), nets::mapped_tensor(file, "data", 4), size()};
    if (!alike || one.data.sizes().slice(1) != at::IntArrayRef(shape))
      throw io::DataError(io::Fault::OtherConfiguration,
                          "the pairs of train.pairs are of another autoencoder than train.from has, or other classes");
    const auto classes = file->at("class").as<std::int32_t>();
    if (one.noise.sizes() != one.data.sizes() || one.data.size(0) != static_cast<std::int64_t>(classes.size()))
      throw io::DataError(io::Fault::InvalidShard, "a file of train.pairs contradicts itself");
    classes_.insert(classes_.end(), classes.begin(), classes.end());
    files_.push_back(one);
  }
}

torch::Tensor PairSet::gathered(const std::vector<std::int64_t>& items, torch::Tensor File::*member) const {
  std::vector<torch::Tensor> rows;
  for (const std::int64_t item : items) {
    const auto file = std::prev(std::upper_bound(files_.begin(), files_.end(), item,
                                                 [](std::int64_t i, const File& other) { return i < other.first; }));
    rows.push_back(((*file).*member)[item - file->first]);
  }
  return torch::stack(rows);
}

}  // namespace ctforge::pipeline
