// A cache over a set's pixels.
#include "eval/remembered.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include <torch/types.h>

namespace ctforge::eval {
namespace {

class Memory {
 public:
  explicit Memory(const PatchSet& set)
      : fetch_(set.pixels),
        known_(static_cast<std::size_t>(set.size()), false),
        pixels_{torch::empty({set.size(), set.height, set.width}, torch::kInt16),
                torch::empty({set.size(), set.height, set.width}, torch::kUInt8)} {}

  Pixels fetch(std::span<const std::int64_t> indices) {
    const std::lock_guard lock(mutex_);
    Indices missing;
    for (const std::int64_t index : indices)
      if (!known_.at(static_cast<std::size_t>(index))) missing.push_back(index);
    std::sort(missing.begin(), missing.end());
    missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
    if (!missing.empty()) {
      const Pixels fresh = fetch_(missing);
      const torch::Tensor where = torch::tensor(missing);
      pixels_.hu.index_copy_(0, where, fresh.hu);
      pixels_.mask.index_copy_(0, where, fresh.mask);
      for (const std::int64_t index : missing) known_[static_cast<std::size_t>(index)] = true;
    }
    const torch::Tensor rows = torch::tensor(Indices(indices.begin(), indices.end()), torch::kInt64);
    return {pixels_.hu.index_select(0, rows), pixels_.mask.index_select(0, rows)};
  }

 private:
  std::function<Pixels(std::span<const std::int64_t>)> fetch_;
  std::mutex mutex_;
  std::vector<bool> known_;
  Pixels pixels_;
};

}  // namespace

PatchSet remembered(const PatchSet& set) {
  PatchSet kept = set;
  kept.pixels = [memory = std::make_shared<Memory>(set)](std::span<const std::int64_t> indices) {
    return memory->fetch(indices);
  };
  return kept;
}

}  // namespace ctforge::eval
