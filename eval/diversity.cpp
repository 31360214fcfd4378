// Pairwise similarity within a set.
#include "eval/diversity.h"

#include "eval/ssim.h"
#include "io/file/random.h"

#include <algorithm>
#include <stdexcept>

#include <torch/types.h>

namespace ctforge::eval {

PatchPairs pairs_within_classes(const PatchSet& set, const Indices& rows, std::int64_t count, std::uint64_t seed) {
  std::vector<Indices> classes(set.classes.size());
  for (const std::int64_t row : rows)
    classes.at(static_cast<std::size_t>(set.class_index.at(static_cast<std::size_t>(row)))).push_back(row);
  PatchPairs pairs;
  io::Random random(seed);
  // A pair begins with any row, so that classes count as often as they occur.
  const std::int64_t attempts = rows.size() < 2 ? 0 : 20 * count;
  for (std::int64_t attempt = 0; attempt < attempts && std::ssize(pairs) < count; ++attempt) {
    const std::int64_t first = rows[random.below(rows.size())];
    const auto a = static_cast<std::size_t>(first);
    const Indices& alike = classes[static_cast<std::size_t>(set.class_index[a])];
    const std::int64_t second = alike[random.below(alike.size())];
    if (first != second && set.patient[a] != set.patient[static_cast<std::size_t>(second)])
      pairs.emplace_back(first, second);
  }
  return pairs;
}

double mean_similarity(const PatchSet& set, const PatchPairs& pairs) {
  if (pairs.empty()) throw std::invalid_argument("a mean similarity needs a pair");
  constexpr std::int64_t kAtOnce = 64;
  const std::int64_t scales = scales_within(set.height, set.width);
  double sum = 0;
  for (std::int64_t start = 0; start < std::ssize(pairs); start += kAtOnce) {
    Indices first, second;
    for (std::int64_t i = start; i < std::min(start + kAtOnce, std::ssize(pairs)); ++i) {
      first.push_back(pairs[static_cast<std::size_t>(i)].first);
      second.push_back(pairs[static_cast<std::size_t>(i)].second);
    }
    const auto images = [&set](const Indices& indices) {
      return windowed(set.pixels(indices).hu, set.window_hu).unsqueeze(1);
    };
    sum += multiscale_similarity(images(first), images(second), 2, scales).sum().item<double>();
  }
  return sum / static_cast<double>(pairs.size());
}

}  // namespace ctforge::eval
