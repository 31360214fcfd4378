// Features of a matrix of counts over grey level and size.
#include "eval/radiomics_counts.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace ctforge::eval {
namespace {

struct Marginal {
  double variance = 0;        // of the key, weighted by the counts
  double sum_of_squares = 0;  // of the counts that have one key
};

// Over (key, count) sorted by key, s counts in all.
template <class Key>
Marginal marginal_of(const std::vector<CountCell>& cells, double s, Key key) {
  double mean = 0;
  for (const CountCell& cell : cells) mean += static_cast<double>(cell.count) / s * static_cast<double>(key(cell));
  Marginal marginal;
  double own = 0;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const double d = static_cast<double>(key(cells[c])) - mean;
    marginal.variance += static_cast<double>(cells[c].count) / s * d * d;
    own += static_cast<double>(cells[c].count);
    if (c + 1 == cells.size() || key(cells[c + 1]) != key(cells[c])) {
      marginal.sum_of_squares += own * own;
      own = 0;
    }
  }
  return marginal;
}

}  // namespace

std::vector<CountCell> counted(std::vector<LevelSize> pairs) {
  std::sort(pairs.begin(), pairs.end(), [](const LevelSize& a, const LevelSize& b) {
    return std::tie(a.level, a.size) < std::tie(b.level, b.size);
  });
  std::vector<CountCell> cells;
  for (const LevelSize& pair : pairs) {
    if (cells.empty() || cells.back().level != pair.level || cells.back().size != pair.size)
      cells.push_back({pair.level, pair.size, 0});
    ++cells.back().count;
  }
  return cells;
}

CountFeatures features_of_counts(const std::vector<CountCell>& cells) {
  CountFeatures f;
  double s = 0, voxels = 0;
  for (const CountCell& cell : cells) {
    s += static_cast<double>(cell.count);
    voxels += static_cast<double>(cell.count * cell.size);
  }
  if (s == 0) return f;
  for (const CountCell& cell : cells) {
    const double p = static_cast<double>(cell.count) / s;
    const double i2 = static_cast<double>(cell.level) * cell.level;
    const double j2 = static_cast<double>(cell.size) * static_cast<double>(cell.size);
    f.small += p / j2;
    f.large += p * j2;
    f.low += p / i2;
    f.high += p * i2;
    f.small_low += p / (i2 * j2);
    f.small_high += p * i2 / j2;
    f.large_low += p * j2 / i2;
    f.large_high += p * i2 * j2;
    f.entropy -= p * std::log2(p);
  }
  const Marginal levels = marginal_of(cells, s, [](const CountCell& cell) { return cell.level; });
  std::vector<CountCell> by_size = cells;
  std::stable_sort(by_size.begin(), by_size.end(), [](const auto& a, const auto& b) { return a.size < b.size; });
  const Marginal sizes = marginal_of(by_size, s, [](const CountCell& cell) { return cell.size; });
  f.level_variance = levels.variance;
  f.level_non_uniformity = levels.sum_of_squares / s;
  f.level_non_uniformity_normalised = levels.sum_of_squares / (s * s);
  f.size_variance = sizes.variance;
  f.size_non_uniformity = sizes.sum_of_squares / s;
  f.size_non_uniformity_normalised = sizes.sum_of_squares / (s * s);
  f.percentage = s / voxels;
  return f;
}

}  // namespace ctforge::eval
