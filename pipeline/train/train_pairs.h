// Pairs of noise and the sample that a generator made of it: the data set of reflow and of distillation to one step.
#pragma once

#include "io/file/safetensors.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

namespace ctforge::pipeline {

// Files pairs-00000.safetensors, ... of a folder of samples: "noise" and "data" [n,C,h,w] float32, both of unit scale
// as diffusion has them, and "class" [n] int32.
std::string pairs_name(std::int64_t shard);

// What pairs mean: their latents and their classes.
struct PairsOrigin {
  std::string autoencoder_sha256;  // of its weights; empty where the data are pixels
  std::vector<std::string> classes;
};

// Written atomically.
void write_pairs(const std::filesystem::path& file, const torch::Tensor& noise, const torch::Tensor& data,
                 const std::vector<std::int32_t>& classes, const PairsOrigin& origin);

// Of the contents of a folder's files of pairs.
std::string pairs_sha256(const std::filesystem::path& folder);

// All pairs of a folder, memory-mapped.
class PairSet {
 public:
  // Throws io::DataError when there are none, or files that are no pairs; OtherConfiguration for those of another
  // origin or shape.
  PairSet(const std::filesystem::path& folder, const PairsOrigin& origin, const std::vector<std::int64_t>& shape);
  std::int64_t size() const { return static_cast<std::int64_t>(classes_.size()); }
  const std::vector<std::int32_t>& classes() const { return classes_; }
  // [n,C,h,w] each.
  torch::Tensor noise(const std::vector<std::int64_t>& items) const { return gathered(items, &File::noise); }
  torch::Tensor data(const std::vector<std::int64_t>& items) const { return gathered(items, &File::data); }
  // SHA-256 of the files' contents.
  const std::string& sha256() const { return sha256_; }

 private:
  struct File {
    torch::Tensor noise, data;
    std::int64_t first = 0;  // index of its first pair
  };
  torch::Tensor gathered(const std::vector<std::int64_t>& items, torch::Tensor File::*member) const;

  std::vector<File> files_;
  std::vector<std::int32_t> classes_;
  std::string sha256_;
};

}  // namespace ctforge::pipeline
