// Training patches that samples begin at, where sample.strength asks for variations of them.
#pragma once

#include "eval/augment.h"
#include "eval/patch_set.h"
#include "io/file/shard.h"
#include "pipeline/sample/generator.h"
#include "pipeline/train/train_data.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// Of each sample a training patch of its class in a folder's data, chosen at random and moved by sample.movement; seed,
// index and class decide which and how. Patches of series in which a label was not contoured are passed over: their
// masks lack organs that are there.
class StartPatches {
 public:
  // patches: what the generator was trained on. Throws io::DataError Unreadable where there is no training data, and
  // InvalidShard where it has other classes.
  StartPatches(const std::filesystem::path& data, const io::ShardInfo& patches, double movement, std::uint64_t seed);
  // How many there are of each class.
  std::vector<double> counts() const;
  // Of the files of training data.
  const std::string& sha256() const { return sha256_; }
  // Throws std::invalid_argument for a class without any.
  eval::LabelledImages moved(const std::vector<std::int64_t>& indices, const std::vector<std::int64_t>& classes) const;

 private:
  PatchTensors patches_;
  std::vector<std::vector<std::int64_t>> of_class_;
  std::string sha256_;
  double movement_;
  std::uint64_t stream_;
};

// The patches encoded, by the generator's codec.
StartLatents encoded_starts(std::shared_ptr<const StartPatches> starts, const Generator& generator);

// Pearson correlation over pixels of each sample with the moved patch that it began at: near 1 where it is that patch
// again, which its nearest training patch, not moved, would not show. samples: in the order of their indices.
std::vector<double> start_correlations(const StartPatches& starts, const eval::PatchSet& samples);

}  // namespace ctforge::pipeline
