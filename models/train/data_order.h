// Which items each training step sees: a function of (seed, step) alone, so that a resumed run sees what it would have.
#pragma once

#include <cstdint>
#include <vector>

namespace ctforge::train {

// Weight of each item from its class: (items of the class)^-tempering, scaled to mean 1. 0: every item alike;
// 1: every class alike, however rare; 0.5 lies between. Throws std::invalid_argument for a negative class.
std::vector<double> class_weights(const std::vector<std::int32_t>& item_class, double tempering);

// Epochs of N draws from N items. Item i is drawn N w_i / sum(w) times an epoch, rounded up or down by systematic
// sampling (so exactly once, when all weights are equal), in shuffled order. Epoch e depends on (seed, e) alone.
class DataOrder {
 public:
  // weights: positive, one an item. Throws std::invalid_argument when there are no items or a weight is not positive.
  DataOrder(std::vector<double> weights, std::uint64_t seed);
  // The `count` items from position `start` of the endless sequence of epochs.
  std::vector<std::int64_t> items(std::int64_t start, std::int64_t count);
  std::int64_t size() const { return static_cast<std::int64_t>(weights_.size()); }

 private:
  void shuffle_epoch(std::int64_t epoch);
  std::vector<double> weights_;
  std::uint64_t seed_;
  std::int64_t epoch_ = -1;
  std::vector<std::int64_t> order_;
};

}  // namespace ctforge::train
