// Percentile bootstrap of the mean, and the Wilcoxon signed-rank test.
#include "eval/bootstrap.h"

#include "eval/comparison.h"

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

Draws::Draws(std::size_t seeds, std::size_t patients, std::uint64_t seed) : random_(seed) {
  all_.seeds.resize(seeds);
  all_.patients.resize(patients);
  std::iota(all_.seeds.begin(), all_.seeds.end(), std::size_t{0});
  std::iota(all_.patients.begin(), all_.patients.end(), std::size_t{0});
  drawn_ = all_;
}

const Draw& Draws::next() {
  for (auto* each : {&drawn_.seeds, &drawn_.patients})
    for (std::size_t& index : *each) index = random_.below(each->size());
  return drawn_;
}

double mean_of(const SeedScores& scores, const Draw& draw) {
  double sum = 0;
  std::int64_t patients = 0;
  for (const std::size_t patient : draw.patients) {
    double own = 0;
    std::int64_t seeds = 0;
    for (const std::size_t seed : draw.seeds) {
      const double score = scores[seed][patient];
      if (std::isnan(score)) continue;
      own += score;
      ++seeds;
    }
    if (seeds == 0) continue;
    sum += own / static_cast<double>(seeds);
    ++patients;
  }
  return patients == 0 ? kNaN : sum / static_cast<double>(patients);
}

std::vector<double> over_seeds(const SeedScores& scores) {
  if (scores.empty()) return {};
  Draw draw = Draws(scores.size(), 1, 0).all();
  std::vector<double> means;
  for (std::size_t patient = 0; patient < scores[0].size(); ++patient) {
    draw.patients[0] = patient;
    means.push_back(mean_of(scores, draw));
  }
  return means;
}

Interval bootstrap_mean(const SeedScores& scores, std::int64_t resamples, std::uint64_t seed, double level) {
  if (resamples < 1 || !(level > 0 && level < 1))
    throw std::invalid_argument("bootstrap: resamples or level out of range");
  for (const std::vector<double>& row : scores)
    if (row.size() != scores[0].size() ||
        std::any_of(row.begin(), row.end(), [](double value) { return std::isinf(value); }))
      throw std::invalid_argument("bootstrap: an infinite value, or seeds with different patients");
  const std::vector<double> patients = over_seeds(scores);
  const auto scored = std::count_if(patients.begin(), patients.end(), [](double mean) { return !std::isnan(mean); });
  if (scored == 0) return {kNaN, kNaN, kNaN, 0};
  // Patients who were never scored are not among those drawn, so that each resample has as many as there are.
  SeedScores kept(scores.size());
  for (std::size_t patient = 0; patient < patients.size(); ++patient)
    for (std::size_t row = 0; row < scores.size() && !std::isnan(patients[patient]); ++row)
      kept[row].push_back(scores[row][patient]);
  Draws draws(kept.size(), kept[0].size(), seed);
  std::vector<double> means;
  means.reserve(static_cast<std::size_t>(resamples));
  for (std::int64_t i = 0; i < resamples; ++i) {
    const double mean = mean_of(kept, draws.next());
    if (!std::isnan(mean)) means.push_back(mean);
  }
  const double mean = mean_of(kept, draws.all());
  if (means.empty()) return {mean, kNaN, kNaN, scored};
  return {mean, quantile(means, (1 - level) / 2), quantile(means, (1 + level) / 2), scored};
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
