// Which items of a batch one process has, where several train on it together.
#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace ctforge::nets {

// Items first .. first+count-1 of a batch of `whole` items. What is random is drawn for the whole batch and narrowed to
// the share, so that it does not depend on how many processes there are.
struct BatchShare {
  std::int64_t first = 0, count = 0, whole = 0;

  // [whole,...] -> [count,...]
  torch::Tensor of(const torch::Tensor& all) const { return all.narrow(0, first, count); }
  template <class Value>
  std::vector<Value> of(const std::vector<Value>& all) const {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
    return {begin, begin + static_cast<std::ptrdiff_t>(count)};
  }
};

inline BatchShare all_of(std::int64_t items) { return {0, items, items}; }

}  // namespace ctforge::nets
