// Nearest training patches by pixel correlation and by feature distance, in tiles.
#include "eval/nearest.h"

#include "eval/comparison.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace ctforge::eval {
namespace {

constexpr std::int64_t kTilePixels = std::int64_t{1} << 23;  // 32 MB of float32
constexpr double kLeastNorm = 1e-6;

// Rows centred and of unit length, so that their products are correlations; constant rows become zero.
torch::Tensor unit_rows(const PatchSet& set, std::int64_t start, std::int64_t count) {
  Indices indices(static_cast<std::size_t>(count));
  std::iota(indices.begin(), indices.end(), start);
  torch::Tensor rows = windowed(set.pixels(indices).hu, set.window_hu).flatten(1);
  rows = rows - rows.mean(1, true);
  const torch::Tensor norm = rows.norm(2, {1}, true);
  return torch::where(norm > kLeastNorm, rows / norm.clamp_min(kLeastNorm), torch::zeros_like(rows));
}

// Keeps the better of what is known and what a tile of training rows offers; score is larger for nearer.
void improve(Neighbours& best, std::int64_t query_start, const torch::Tensor& score, std::int64_t training_start) {
  const auto [value, index] = score.to(torch::kFloat64).max(1);
  for (std::int64_t i = 0; i < score.size(0); ++i) {
    const auto query = static_cast<std::size_t>(query_start + i);
    const double candidate = value[i].item<double>();
    if (candidate <= best.value[query]) continue;
    best.value[query] = candidate;
    best.index[query] = training_start + index[i].item<std::int64_t>();
  }
}

Neighbours none_yet(std::int64_t count) {
  return {Indices(static_cast<std::size_t>(count), 0),
          std::vector<double>(static_cast<std::size_t>(count), -std::numeric_limits<double>::infinity())};
}

}  // namespace

Neighbours nearest_by_correlation(const PatchSet& queries, const PatchSet& training) {
  if (queries.size() == 0 || training.size() == 0 || queries.height != training.height ||
      queries.width != training.width) {
    throw std::invalid_argument("nearest neighbours need two sets of patches of one size");
  }
  const std::int64_t tile = std::max<std::int64_t>(1, kTilePixels / (queries.height * queries.width));
  Neighbours best = none_yet(queries.size());
  for (std::int64_t q = 0; q < queries.size(); q += tile) {
    const torch::Tensor some = unit_rows(queries, q, std::min(tile, queries.size() - q));
    for (std::int64_t t = 0; t < training.size(); t += tile) {
      const torch::Tensor others = unit_rows(training, t, std::min(tile, training.size() - t));
      improve(best, q, torch::matmul(some, others.t()), t);
    }
  }
  return best;
}

Neighbours nearest_by_distance(const torch::Tensor& queries, const torch::Tensor& training) {
  if (queries.dim() != 2 || training.dim() != 2 || queries.size(1) != training.size(1) || queries.size(0) == 0 ||
      training.size(0) == 0) {
    throw std::invalid_argument("nearest neighbours need features [N,D] and [M,D]");
  }
  constexpr std::int64_t kRows = 1024;
  const torch::Tensor all = training.to(torch::kFloat64);
  Neighbours best = none_yet(queries.size(0));
  for (std::int64_t q = 0; q < queries.size(0); q += kRows) {
    const torch::Tensor some = queries.narrow(0, q, std::min(kRows, queries.size(0) - q)).to(torch::kFloat64);
    for (std::int64_t t = 0; t < all.size(0); t += kRows) {
      improve(best, q, -torch::cdist(some, all.narrow(0, t, std::min(kRows, all.size(0) - t))), t);
    }
  }
  for (double& value : best.value) value = -value;
  return best;
}

std::vector<double> quantiles_of(const std::vector<double>& values) {
  std::vector<double> out;
  for (const double q : kQuantiles) out.push_back(quantile(values, q));
  return out;
}

double closer_than_held_out(const std::vector<double>& generated, const std::vector<double>& held_out,
                            bool larger_is_nearer) {
  if (generated.empty() || held_out.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double limit = quantile(held_out, larger_is_nearer ? 0.95 : 0.05);
  const auto closer = std::count_if(generated.begin(), generated.end(),
                                    [=](double value) { return larger_is_nearer ? value > limit : value < limit; });
  return static_cast<double>(closer) / static_cast<double>(generated.size());
}

Indices examples(const std::vector<double>& values, std::int64_t count, bool larger_is_nearer) {
  Indices order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    const double x = values[static_cast<std::size_t>(a)], y = values[static_cast<std::size_t>(b)];
    return larger_is_nearer ? x > y : x < y;
  });
  if (std::ssize(order) <= count) return order;
  const std::int64_t nearest = (count + 1) / 2, spread = count - nearest;
  Indices chosen(order.begin(), order.begin() + nearest);
  for (std::int64_t i = 1; i <= spread; ++i) {
    const std::int64_t rank = nearest + (std::ssize(order) - nearest) * i / spread - 1;
    chosen.push_back(order[static_cast<std::size_t>(rank)]);
  }
  return chosen;
}

}  // namespace ctforge::eval
