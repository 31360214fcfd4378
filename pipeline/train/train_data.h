// Training patches as the tensors that networks see.
#pragma once

#include "io/file/shard.h"
#include "models/nets/batch_share.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <torch/types.h>

namespace ctforge::pipeline {

struct PatchBatch {
  torch::Tensor image;   // [N,1,H,W] float32, HU windowed to [-1,1]
  torch::Tensor mask;    // [N,H,W] uint8 label values
  torch::Tensor labels;  // [N] int64 class indices
};

// A split's shards, memory-mapped; patches become tensors when asked for.
class PatchTensors {
 public:
  // All patches, or those of series in which every label was contoured: in the others an organ's absence from the mask
  // says nothing. Throws io::DataError as io::ShardSet does, and InvalidShard for a class without a name.
  PatchTensors(const std::filesystem::path& folder, const std::string& prefix, bool complete_only = false);
  std::int64_t size() const { return static_cast<std::int64_t>(items_.size()); }
  std::int64_t left_out() const { return shards_.size() - size(); }  // patches of incompletely contoured series
  const io::ShardInfo& info() const { return shards_.info(); }
  std::int64_t labels() const { return static_cast<std::int64_t>(info().labels.size()); }
  const std::vector<std::int32_t>& classes() const { return classes_; }  // of each patch
  PatchBatch batch(const std::vector<std::int64_t>& items) const;
  // Part of all pixels that each label has, summing to 1.
  std::vector<double> label_frequencies() const;

 private:
  io::ShardSet shards_;
  std::vector<std::int64_t> items_;  // places in the shards
  std::vector<std::int32_t> classes_;
};

// Each patch shifted in y and x by its own whole number of pixels in [-most, most]; what comes in repeats the border.
// batch: `share` of the batch that the shifts are drawn for.
PatchBatch jittered(PatchBatch batch, const nets::BatchShare& share, std::int64_t most, torch::Generator& generator);

// CT and one-hot mask side by side: [N,1+labels,H,W] float32, what the autoencoder encodes.
torch::Tensor joint_input(const torch::Tensor& image, const torch::Tensor& mask, std::int64_t labels);

// At most `most` of the indices 0 .. size-1, evenly spaced.
std::vector<std::int64_t> evenly_spaced(std::int64_t size, std::int64_t most);

// SHA-256 of the contents of a split's shards: which data something was made of.
std::string split_sha256(const std::filesystem::path& folder, const std::string& prefix);

// A generator of its own for each use, so that nothing depends on what was drawn before.
torch::Generator seeded(std::uint64_t seed);

}  // namespace ctforge::pipeline
