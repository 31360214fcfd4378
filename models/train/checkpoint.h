// Training state on disk: one safetensors file a checkpoint, written atomically, with a checksum of its contents.
#pragma once

#include "io/file/safetensors.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

namespace ctforge::train {

struct Checkpoint {
  std::int64_t step = 0;                         // optimiser steps done
  std::map<std::string, torch::Tensor> tensors;  // as "weights.conv_in.weight", "ema...", "adam.exp_avg..."
  io::Metadata metadata;                         // texts, mostly JSON: "configuration", "loss_tail", ...
  std::string sha256;                            // of the contents; set by saving and loading
};

// Files PREFIX-STEP.safetensors (STEP with 9 digits) of a folder.
class CheckpointStore {
 public:
  // keep: newest files that stay; at least 1, and 2 are needed to survive a damaged newest. keep_every: those of steps
  // that are multiples of it stay for good; 0: none.
  CheckpointStore(std::filesystem::path folder, std::string prefix, int keep = 2, std::int64_t keep_every = 0);
  // Writes, then removes what is older than the newest `keep`, unless it stays for good, and what interrupted writers
  // left. Sets sha256. Throws std::system_error when it cannot be written: what was there before stays.
  void save(Checkpoint& checkpoint) const;
  // Whether the checkpoint of this step stays for good.
  bool stays(std::int64_t step) const { return keep_every_ > 0 && step > 0 && step % keep_every_ == 0; }
  // The newest checkpoint that is whole, or nothing when there is none. Each damaged one is told to `warn` with one
  // line saying what is wrong and what is done instead. Throws io::DataError(Unreadable) for one that cannot be opened,
  // which may be whole.
  std::optional<Checkpoint> load_newest(const std::function<void(const std::string&)>& warn = {}) const;
  // Newest first. Throws io::DataError(Unreadable) for a folder that cannot be read.
  std::vector<std::filesystem::path> files() const;

 private:
  std::filesystem::path folder_;
  std::string prefix_;
  int keep_;
  std::int64_t keep_every_;
};

// One file, its checksum verified; throws io::DataError(InvalidShard). Tensors are copies, on the CPU.
Checkpoint load_checkpoint(const std::filesystem::path& file);
// The tensors whose names begin with `prefix`, which is taken off.
std::map<std::string, torch::Tensor> with_prefix(const std::map<std::string, torch::Tensor>& tensors,
                                                 const std::string& prefix);

// The keys in which two JSON texts differ, as "learning_rate was 0.0002, is now 0.001"; empty when they are the same.
std::vector<std::string> configuration_differences(const std::string& before, const std::string& now);

}  // namespace ctforge::train
