// Neighbours, ranks and cells.
#include "eval/memorisation.h"

#include "eval/cells.h"
#include "eval/comparison.h"
#include "io/file/random.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace ctforge::eval {

namespace {

constexpr std::int64_t kLeastInCell = 5;

// Ranks from 1, ties sharing the mean of theirs.
std::vector<double> ranks_of(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
    for (std::size_t i = first; i < last; ++i) ranks[order[i]] = static_cast<double>(first + last + 1) / 2;
    first = last;
  }
  return ranks;
}

torch::Tensor thinned(const torch::Tensor& rows, std::int64_t count, std::uint64_t seed) {
  if (rows.size(0) <= count) return rows;
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows.size(0)));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  io::Random random(seed);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto left = static_cast<std::uint64_t>(rows.size(0) - i);
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(i) + random.below(left)]);
  }
  order.resize(static_cast<std::size_t>(count));
  return rows.index_select(0, torch::tensor(order));
}

std::vector<double> patient_scores(const torch::Tensor& rows, const std::vector<std::int32_t>& patient,
                                   const torch::Tensor& generated) {
  const TwoNearest nearest = two_nearest(rows, generated);
  std::map<std::int32_t, std::pair<double, double>> sums;
  for (std::size_t i = 0; i < patient.size(); ++i) {
    sums[patient[i]].first -= nearest.first[i];
    sums[patient[i]].second += 1;
  }
  std::vector<double> scores;
  for (const auto& [id, sum] : sums) scores.push_back(sum.first / sum.second);
  return scores;
}

std::vector<double> resampled(const std::vector<double>& values, io::Random& random) {
  std::vector<double> drawn(values.size());
  for (double& value : drawn) value = values[random.below(values.size())];
  return drawn;
}

}  // namespace

double authenticity(const TwoNearest& of_generated, const TwoNearest& of_training) {
  std::int64_t authentic = 0;
  for (std::size_t i = 0; i < of_generated.first.size(); ++i)
    authentic += of_generated.first[i] > of_training.first[static_cast<std::size_t>(of_generated.index[i])] ? 1 : 0;
  return static_cast<double>(authentic) / static_cast<double>(of_generated.first.size());
}

std::vector<double> distance_ratios(const TwoNearest& nearest) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < nearest.first.size(); ++i)
    ratios.push_back(nearest.second[i] > 0 ? nearest.first[i] / nearest.second[i] : 1);
  return ratios;
}

double nearer_to_training(const torch::Tensor& training, const torch::Tensor& held_out, const torch::Tensor& generated,
                          std::uint64_t seed) {
  const std::int64_t count = std::min(training.size(0), held_out.size(0));
  const TwoNearest to_training = two_nearest(generated, thinned(training, count, seed));
  const TwoNearest to_held_out = two_nearest(generated, thinned(held_out, count, seed + 1));
  double nearer = 0;
  for (std::size_t i = 0; i < to_training.first.size(); ++i)
    nearer += to_training.first[i] < to_held_out.first[i] ? 1 : to_training.first[i] == to_held_out.first[i] ? 0.5 : 0;
  return nearer / static_cast<double>(to_training.first.size());
}

double copying_statistic(const torch::Tensor& training, const torch::Tensor& held_out, const torch::Tensor& generated,
                         std::uint64_t seed) {
  const CellPartition cells(training, seed);
  const torch::Tensor reference = cells.projected(training);
  const auto side = [&](const torch::Tensor& rows) {
    const torch::Tensor projected = cells.projected(rows);
    return std::pair{cells.cell_of(projected), two_nearest(projected, reference).first};
  };
  const auto [held_cell, held_distance] = side(held_out);
  const auto [generated_cell, generated_distance] = side(generated);
  double sum = 0, weight = 0;
  for (std::int64_t cell = 0; cell < cells.count(); ++cell) {
    std::vector<double> held, made;
    for (std::size_t i = 0; i < held_cell.size(); ++i)
      if (held_cell[i] == cell) held.push_back(held_distance[i]);
    for (std::size_t i = 0; i < generated_cell.size(); ++i)
      if (generated_cell[i] == cell) made.push_back(generated_distance[i]);
    if (std::ssize(held) < kLeastInCell || std::ssize(made) < kLeastInCell) continue;
    const auto m = static_cast<double>(made.size()), n = static_cast<double>(held.size());
    const double z = (auc_of(made, held) * m * n - m * n / 2) / std::sqrt(m * n * (m + n + 1) / 12);
    sum += n * z;
    weight += n;
  }
  return weight > 0 ? sum / weight : std::numeric_limits<double>::quiet_NaN();
}

MembershipAuc membership_auc(const torch::Tensor& training, const std::vector<std::int32_t>& training_patient,
                             const torch::Tensor& held_out, const std::vector<std::int32_t>& held_out_patient,
                             const torch::Tensor& generated, std::int64_t resamples, std::uint64_t seed) {
  const auto members = patient_scores(training, training_patient, generated);
  const auto others = patient_scores(held_out, held_out_patient, generated);
  MembershipAuc found{auc_of(members, others), 0, 0, std::ssize(members), std::ssize(others)};
  io::Random random(seed);
  std::vector<double> drawn;
  for (std::int64_t i = 0; i < resamples; ++i) {
    const auto some = resampled(members, random);
    drawn.push_back(auc_of(some, resampled(others, random)));
  }
  found.low = quantile(drawn, 0.025);
  found.high = quantile(drawn, 0.975);
  return found;
}

double auc_of(const std::vector<double>& positive, const std::vector<double>& negative) {
  if (positive.empty() || negative.empty()) throw std::invalid_argument("auc_of: a side has no values");
  std::vector<double> all = positive;
  all.insert(all.end(), negative.begin(), negative.end());
  const auto ranks = ranks_of(all);
  const double sum = std::accumulate(ranks.begin(), ranks.begin() + std::ssize(positive), 0.0);
  const auto m = static_cast<double>(positive.size()), n = static_cast<double>(negative.size());
  return (sum - m * (m + 1) / 2) / (m * n);
}

}  // namespace ctforge::eval
