// Percentile bootstrap of the mean and the Wilcoxon signed-rank test.
#include "eval/bootstrap.h"

#include "eval/comparison.h"
#include "io/random.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace ctforge::eval {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kExactUpTo = 50;

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

struct Ranks {
  double positive = 0;        // sum of the ranks of positive differences
  double tie_correction = 0;  // sum over groups of ties of t^3 - t
};

// Midranks of the absolute differences.
Ranks rank_sum(std::vector<double> differences) {
  std::sort(differences.begin(), differences.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
  Ranks ranks;
  for (std::size_t begin = 0; begin < differences.size();) {
    std::size_t end = begin + 1;
    while (end < differences.size() && std::abs(differences[end]) == std::abs(differences[begin])) ++end;
    const double rank = (static_cast<double>(begin + 1) + static_cast<double>(end)) / 2;
    for (std::size_t i = begin; i < end; ++i) ranks.positive += differences[i] > 0 ? rank : 0;
    const double ties = static_cast<double>(end - begin);
    ranks.tie_correction += ties * ties * ties - ties;
    begin = end;
  }
  return ranks;
}

// P(W <= statistic) under the null: subsets of 1..n by sum, each with probability 2^-n.
double exact_lower_tail(std::size_t n, double statistic) {
  std::vector<double> ways(n * (n + 1) / 2 + 1, 0.0);
  ways[0] = 1;
  for (std::size_t rank = 1; rank <= n; ++rank) {
    for (std::size_t sum = ways.size() - 1; sum >= rank; --sum) ways[sum] = (ways[sum] + ways[sum - rank]) / 2;
    for (std::size_t sum = 0; sum < rank; ++sum) ways[sum] /= 2;
  }
  const auto last = static_cast<std::ptrdiff_t>(std::floor(statistic));
  return std::accumulate(ways.begin(), ways.begin() + last + 1, 0.0);
}

}  // namespace

Interval bootstrap_mean(const std::vector<double>& values, std::int64_t resamples, std::uint64_t seed, double level) {
  if (resamples < 1 || !(level > 0 && level < 1))
    throw std::invalid_argument("bootstrap: resamples or level out of range");
  if (!std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); })) {
    throw std::invalid_argument("bootstrap: a value is not finite");
  }
  if (values.empty()) return {kNaN, kNaN, kNaN, 0};
  io::Random random(seed);
  std::vector<double> means;
  means.reserve(static_cast<std::size_t>(resamples));
  for (std::int64_t i = 0; i < resamples; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < values.size(); ++k) sum += values[random.below(values.size())];
    means.push_back(sum / static_cast<double>(values.size()));
  }
  return {mean_of(values), quantile(means, (1 - level) / 2), quantile(means, (1 + level) / 2), std::ssize(values)};
}

double wilcoxon_p(const std::vector<double>& differences) {
  std::vector<double> kept;
  std::copy_if(differences.begin(), differences.end(), std::back_inserter(kept), [](double d) { return d != 0; });
  if (kept.empty()) return kNaN;
  const Ranks ranks = rank_sum(kept);
  const double n = static_cast<double>(kept.size());
  const double total = n * (n + 1) / 2;
  const double smaller = std::min(ranks.positive, total - ranks.positive);
  if (ranks.tie_correction == 0 && kept.size() <= kExactUpTo) {
    return std::min(1.0, 2 * exact_lower_tail(kept.size(), smaller));
  }
  const double variance = n * (n + 1) * (2 * n + 1) / 24 - ranks.tie_correction / 48;
  const double z = (smaller - total / 2) / std::sqrt(variance);
  return std::min(1.0, std::erfc(-z / std::sqrt(2.0)));
}

}  // namespace ctforge::eval
