// Dice overlap in three dimensions: voxel counts of all slices of a patient, and the score.
#include "eval/dice.h"

#include <cmath>
#include <map>
#include <stdexcept>

namespace ctforge::eval {
namespace {

// One patient's overlap for each label, over the series in which it was contoured.
std::vector<Overlap> overlaps_of(const PatchSet& set, const torch::Tensor& predictions, const Indices& patches) {
  std::map<std::int32_t, Indices> by_series;
  for (const std::int64_t index : patches) by_series[set.series[static_cast<std::size_t>(index)]].push_back(index);
  std::vector<Overlap> sum(set.labels.size());
  for (const auto& [series, indices] : by_series) {
    std::vector<Overlap> own(set.labels.size());
    accumulate(own, predictions.index_select(0, torch::tensor(indices)), set.pixels(indices).mask);
    for (std::size_t label = 1; label < own.size(); ++label) {
      if (!set.contoured[static_cast<std::size_t>(series)][label]) continue;
      sum[label].both += own[label].both;
      sum[label].reference += own[label].reference;
      sum[label].prediction += own[label].prediction;
    }
  }
  return sum;
}

}  // namespace

double Overlap::dice() const {
  if (reference == 0) return kNotScored;
  return 2.0 * static_cast<double>(both) / static_cast<double>(reference + prediction);
}

void accumulate(std::vector<Overlap>& overlaps, const torch::Tensor& prediction, const torch::Tensor& reference) {
  if (prediction.sizes() != reference.sizes()) throw std::invalid_argument("prediction and reference differ in shape");
  const auto labels = static_cast<std::int64_t>(overlaps.size());
  const torch::Tensor p = prediction.flatten().to(torch::kInt64), r = reference.flatten().to(torch::kInt64);
  if (p.numel() == 0) return;
  if (p.max().item<std::int64_t>() >= labels || r.max().item<std::int64_t>() >= labels) {
    throw std::invalid_argument("a label without a name");
  }
  const torch::Tensor counts = torch::bincount(r * labels + p, {}, labels * labels).view({labels, labels});
  for (std::int64_t label = 0; label < labels; ++label) {
    Overlap& overlap = overlaps[static_cast<std::size_t>(label)];
    overlap.both += counts[label][label].item<std::int64_t>();
    overlap.reference += counts[label].sum().item<std::int64_t>();
    overlap.prediction += counts.select(1, label).sum().item<std::int64_t>();
  }
}

std::vector<PatientDice> score_patients(const PatchSet& set, const torch::Tensor& predictions) {
  if (predictions.dim() != 3 || predictions.size(0) != set.size()) {
    throw std::invalid_argument("predictions must be [N,H,W], one for each patch");
  }
  const double voxel_mm3 = set.spacing_mm[0] * set.spacing_mm[1] * set.spacing_mm[2];
  const std::vector<Indices> groups = by_patient(set);
  std::vector<PatientDice> scores;
  for (std::size_t patient = 0; patient < groups.size(); ++patient) {
    if (groups[patient].empty()) continue;
    const std::vector<Overlap> overlaps = overlaps_of(set, predictions, groups[patient]);
    PatientDice score{static_cast<std::int32_t>(patient), std::vector<double>(overlaps.size(), kNotScored),
                      std::vector<double>(overlaps.size(), 0.0)};
    for (std::size_t label = 1; label < overlaps.size(); ++label) {
      score.dice[label] = overlaps[label].dice();
      if (overlaps[label].reference == 0) {
        score.false_positive_mm3[label] = voxel_mm3 * static_cast<double>(overlaps[label].prediction);
      }
    }
    scores.push_back(std::move(score));
  }
  return scores;
}

double mean_scored(const std::vector<double>& values) {
  double sum = 0;
  std::int64_t count = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  return count > 0 ? sum / static_cast<double>(count) : kNotScored;
}

}  // namespace ctforge::eval
