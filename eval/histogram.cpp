// Histograms of HU of patches, pooled, and the Wasserstein-1 distance between two.
#include "eval/histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace ctforge::eval {

torch::Tensor hu_histograms(const PatchSet& set, const std::array<double, 2>& window_hu) {
  const auto low = static_cast<std::int64_t>(std::lround(window_hu[0]));
  const auto high = static_cast<std::int64_t>(std::lround(window_hu[1]));
  if (high <= low) throw std::invalid_argument("a histogram needs a window of at least one HU");
  const torch::Tensor out = torch::zeros({set.size(), high - low + 1}, torch::kInt32);
  constexpr std::int64_t kBatch = 256;
  for (std::int64_t start = 0; start < set.size(); start += kBatch) {
    Indices indices(static_cast<std::size_t>(std::min(kBatch, set.size() - start)));
    std::iota(indices.begin(), indices.end(), start);
    const torch::Tensor bin = set.pixels(indices).hu.flatten(1).to(torch::kInt64).clamp(low, high).sub_(low);
    out.narrow(0, start, bin.size(0)).scatter_add_(1, bin, torch::ones_like(bin, torch::kInt32));
  }
  return out;
}

torch::Tensor pooled_histogram(const torch::Tensor& histograms, const Indices& rows) {
  if (rows.empty()) throw std::invalid_argument("no rows to pool");
  const torch::Tensor sum = histograms.index_select(0, torch::tensor(rows)).to(torch::kFloat64).sum(0);
  return sum / sum.sum();
}

double wasserstein1_hu(const torch::Tensor& a, const torch::Tensor& b) {
  if (a.sizes() != b.sizes()) throw std::invalid_argument("histograms of different windows");
  return (a - b).cumsum(0).abs().sum().item<double>();
}

}  // namespace ctforge::eval
