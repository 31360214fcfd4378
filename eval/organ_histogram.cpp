// Voxels under each label by their HU, summed over many draws of patches in one pass.
#include "eval/organ_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace ctforge::eval {
namespace {

constexpr std::int64_t kBatch = 32;  // patches whose histograms are in memory

}  // namespace

torch::Tensor organ_histograms(const PatchSet& set, const std::vector<const Indices*>& draws,
                               const std::array<double, 2>& window_hu) {
  const auto low = static_cast<std::int64_t>(std::lround(window_hu[0]));
  const auto high = static_cast<std::int64_t>(std::lround(window_hu[1]));
  if (high <= low) throw std::invalid_argument("a histogram needs a window of at least one HU");
  const std::int64_t bins = high - low + 1, labels = std::ssize(set.labels), count = std::ssize(draws);
  const torch::Tensor weights = torch::zeros({count, set.size()}, torch::kFloat64);
  auto weight = weights.accessor<double, 2>();
  for (std::int64_t d = 0; d < count; ++d)
    for (const std::int64_t index : *draws[static_cast<std::size_t>(d)]) weight[d][index] += 1;
  const torch::Tensor sums = torch::zeros({count, labels * bins}, torch::kFloat64);
  for (std::int64_t start = 0; start < set.size(); start += kBatch) {
    Indices indices(static_cast<std::size_t>(std::min(kBatch, set.size() - start)));
    std::iota(indices.begin(), indices.end(), start);
    const torch::Tensor some = weights.narrow(1, start, std::ssize(indices));
    if (!some.any().item<bool>()) continue;
    const Pixels pixels = set.pixels(indices);
    const torch::Tensor place = pixels.mask.flatten(1).to(torch::kInt64).mul_(bins) +
                                pixels.hu.flatten(1).to(torch::kInt64).clamp(low, high).sub_(low);
    torch::Tensor each = torch::zeros({std::ssize(indices), labels * bins}, torch::kFloat64);
    each.scatter_add_(1, place, torch::ones_like(place, torch::kFloat64));
    sums.add_(torch::matmul(some, each));
  }
  return sums.view({count, labels, bins});
}

HuMoments hu_moments(const torch::Tensor& histogram, double low_hu) {
  const double voxels = histogram.sum().item<double>();
  if (!(voxels > 0)) {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    return {none, none};
  }
  const torch::Tensor hu = torch::arange(histogram.size(0), torch::kFloat64) + low_hu;
  const double mean = (hu * histogram).sum().item<double>() / voxels;
  const double variance = ((hu - mean).square() * histogram).sum().item<double>() / voxels;
  return {mean, std::sqrt(variance)};
}

}  // namespace ctforge::eval
