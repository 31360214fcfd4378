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
constexpr std::int64_t kRows = 1024;  // of features in a tile

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

torch::Tensor group_tensor(const std::vector<std::int32_t>& group, std::int64_t start, std::int64_t count) {
  return torch::tensor(std::vector<std::int32_t>(group.begin() + start, group.begin() + start + count));
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

TwoNearest two_nearest(const torch::Tensor& queries, const torch::Tensor& reference,
                       const std::vector<std::int32_t>& query_group, const std::vector<std::int32_t>& reference_group) {
  const bool grouped = !query_group.empty();
  if (queries.dim() != 2 || queries.size(0) == 0 || reference.dim() != 2 || queries.size(1) != reference.size(1) ||
      reference.size(0) == 0 ||
      (grouped && (std::ssize(query_group) != queries.size(0) || std::ssize(reference_group) != reference.size(0))))
    throw std::invalid_argument("nearest neighbours need features [N,D] and [M,D], and a group of each row or of none");
  const torch::Tensor all = reference.to(torch::kFloat64);
  TwoNearest found;
  for (std::int64_t q = 0; q < queries.size(0); q += kRows) {
    const std::int64_t count = std::min(kRows, queries.size(0) - q);
    const torch::Tensor some = queries.narrow(0, q, count).to(torch::kFloat64);
    auto best = torch::full({count, 2}, std::numeric_limits<double>::infinity(), torch::kFloat64);
    auto index = torch::full({count, 2}, -1, torch::kInt64);
    for (std::int64_t t = 0; t < all.size(0); t += kRows) {
      const std::int64_t others = std::min(kRows, all.size(0) - t);
      auto distance = torch::cdist(some, all.narrow(0, t, others));
      if (grouped)
        distance.masked_fill_(
            group_tensor(query_group, q, count).unsqueeze(1) == group_tensor(reference_group, t, others).unsqueeze(0),
            std::numeric_limits<double>::infinity());
      const auto places = torch::arange(t, t + others, torch::kInt64).expand({count, others});
      const auto both = torch::cat({best, distance}, 1), both_index = torch::cat({index, places}, 1);
      const auto [value, at] = both.topk(2, 1, false);
      best = value;
      index = both_index.gather(1, at);
    }
    for (std::int64_t i = 0; i < count; ++i) {
      found.first.push_back(best[i][0].item<double>());
      found.second.push_back(best[i][1].item<double>());
      found.index.push_back(std::isinf(found.first.back()) ? -1 : index[i][0].item<std::int64_t>());
    }
  }
  return found;
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
