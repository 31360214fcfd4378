// Implements weighted epochs that depend on (seed, epoch) alone.
#include "models/train/data_order.h"

#include "io/file/random.h"

#include <cmath>
#include <map>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace ctforge::train {
namespace {

// Fisher and Yates.
void shuffle(std::vector<std::int64_t>& items, io::Random& random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

}  // namespace

std::vector<double> class_weights(const std::vector<std::int32_t>& item_class, double tempering) {
  std::map<std::int32_t, std::int64_t> counts;
  for (const std::int32_t c : item_class) {
    if (c < 0) throw std::invalid_argument("class_weights: a class index is negative");
    ++counts[c];
  }
  std::vector<double> weights;
  weights.reserve(item_class.size());
  double sum = 0;
  for (const std::int32_t c : item_class) {
    weights.push_back(std::pow(static_cast<double>(counts[c]), -tempering));
    sum += weights.back();
  }
  const double mean = sum / static_cast<double>(std::max<std::size_t>(weights.size(), 1));
  for (double& weight : weights) weight /= mean;
  return weights;
}

DataOrder::DataOrder(std::vector<double> weights, std::uint64_t seed) : weights_(std::move(weights)), seed_(seed) {
  if (weights_.empty()) throw std::invalid_argument("DataOrder: no items");
  for (const double weight : weights_) {
    if (!(weight > 0) || !std::isfinite(weight)) throw std::invalid_argument("DataOrder: a weight is not positive");
  }
}

std::vector<std::int64_t> DataOrder::items(std::int64_t start, std::int64_t count) {
  std::vector<std::int64_t> result;
  result.reserve(static_cast<std::size_t>(count));
  for (std::int64_t position = start; position < start + count; ++position) {
    const std::int64_t epoch = position / size();
    if (epoch != epoch_) shuffle_epoch(epoch);
    result.push_back(order_[static_cast<std::size_t>(position % size())]);
  }
  return result;
}

void DataOrder::shuffle_epoch(std::int64_t epoch) {
  io::Random random(io::mix_seed(seed_, static_cast<std::uint64_t>(epoch)));
  std::vector<std::int64_t> by_chance(weights_.size());
  std::iota(by_chance.begin(), by_chance.end(), 0);
  shuffle(by_chance, random);
  const auto draws = static_cast<double>(weights_.size());
  const double total = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  const double offset = random.uniform();
  order_.clear();
  order_.reserve(weights_.size());
  double weight_so_far = 0;
  for (const std::int64_t item : by_chance) {
    // The draws of an item are the whole numbers between the cumulated expectations, both shifted by the offset.
    const double before = std::floor(weight_so_far * draws / total + offset);
    weight_so_far += weights_[static_cast<std::size_t>(item)];
    const double after = std::floor(weight_so_far * draws / total + offset);
    for (double drawn = before; drawn < after && order_.size() < weights_.size(); drawn += 1) order_.push_back(item);
  }
  // Rounding of the last sum may lose one draw.
  while (order_.size() < weights_.size()) order_.push_back(by_chance.back());
  shuffle(order_, random);
  epoch_ = epoch;
}

}  // namespace ctforge::train
