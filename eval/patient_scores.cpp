// Overlap from voxel counts, distances from each series' volume.
#include "eval/patient_scores.h"

#include "eval/dice.h"
#include "eval/patch_volume.h"
#include "eval/surface_distance.h"

#include <cmath>
#include <map>
#include <utility>

namespace ctforge::eval {
namespace {

// Of one patient, [labels]: the sum over series, and how many.
struct Distances {
  std::vector<double> hausdorff95_mm, surface_dice;
  std::vector<std::int64_t> series;
};

void add_series(Distances& sum, const PatchSet& set, const torch::Tensor& predictions, std::int32_t series,
                const Indices& patches, double tolerance_mm) {
  const PatchVolume volume = volume_of(set, patches);
  const auto prediction = assembled(volume, predictions.index_select(0, torch::tensor(patches)));
  const auto reference = assembled(volume, set.pixels(patches).mask);
  for (std::size_t label = 1; label < set.labels.size(); ++label) {
    if (!set.contoured[static_cast<std::size_t>(series)][label]) continue;
    const SurfaceScores scores = surface_scores(prediction, reference, volume.size, volume.spacing_mm,
                                                static_cast<std::uint8_t>(label), tolerance_mm);
    if (std::isnan(scores.surface_dice)) continue;
    sum.hausdorff95_mm[label] += scores.hausdorff95_mm;
    sum.surface_dice[label] += scores.surface_dice;
    ++sum.series[label];
  }
}

Distances distances_of(const PatchSet& set, const torch::Tensor& predictions, const Indices& patches,
                       double tolerance_mm) {
  std::map<std::int32_t, Indices> by_series;
  for (const std::int64_t index : patches) by_series[set.series[static_cast<std::size_t>(index)]].push_back(index);
  const std::size_t labels = set.labels.size();
  Distances sum{std::vector<double>(labels, 0), std::vector<double>(labels, 0), std::vector<std::int64_t>(labels, 0)};
  for (const auto& [series, own] : by_series) add_series(sum, set, predictions, series, own, tolerance_mm);
  for (std::size_t label = 0; label < labels; ++label) {
    const auto series = static_cast<double>(sum.series[label]);
    sum.hausdorff95_mm[label] = series > 0 ? sum.hausdorff95_mm[label] / series : kNotScored;
    sum.surface_dice[label] = series > 0 ? sum.surface_dice[label] / series : kNotScored;
  }
  return sum;
}

}  // namespace

std::vector<PatientScores> score_volumes(const PatchSet& set, const torch::Tensor& predictions, double tolerance_mm) {
  const std::vector<Indices> groups = by_patient(set);
  std::vector<PatientScores> scores;
  for (PatientDice& own : score_patients(set, predictions)) {
    const Indices& patches = groups[static_cast<std::size_t>(own.patient)];
    Distances distances = distances_of(set, predictions, patches, tolerance_mm);
    scores.push_back({own.patient,
                      {std::move(own.dice), std::move(distances.hausdorff95_mm), std::move(distances.surface_dice)},
                      std::move(own.false_positive_mm3)});
  }
  return scores;
}

}  // namespace ctforge::eval
