// Latents of a training set that is being encoded, saved part by part so that an interruption loses little.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <torch/types.h>

namespace ctforge::pipeline {

// Parts in a folder beside the file that they will be; one after the other from the first patch on.
class LatentParts {
 public:
  // file: as "latents.safetensors"; the folder is "latents-parts". key: of what is encoded and by what.
  LatentParts(const std::filesystem::path& file, std::string key);
  // Puts what was saved under this key into mean and logvar, [patches,C,h,w] float32, which it makes; returns for how
  // many patches that is. 0: they stay undefined. Parts of another key, damaged ones and those after them are removed.
  std::int64_t take(std::int64_t patches, torch::Tensor& mean, torch::Tensor& logvar) const;
  // Of the patches first, first + 1, ...: [n,C,h,w] float32 each.
  void save(std::int64_t first, const torch::Tensor& mean, const torch::Tensor& logvar) const;
  void remove() const;

 private:
  std::filesystem::path part(std::int64_t first) const;
  std::filesystem::path folder_;
  std::string key_;
};

}  // namespace ctforge::pipeline
