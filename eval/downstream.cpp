// Means over seeds and patients, paired differences, and organs that collapsed.
#include "eval/downstream.h"

#include "eval/dice.h"
#include "io/file/random.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace ctforge::eval {
namespace {

bool same_kind(const PatientScores& a, const PatientScores& b) {
  return a.patient == b.patient && std::equal(a.values.begin(), a.values.end(), b.values.begin(),
                                              [](const auto& x, const auto& y) { return x.size() == y.size(); });
}

void check(const std::vector<Arm>& arms) {
  if (arms.empty() || arms[0].cells.empty() || arms[0].cells[0].empty()) {
    throw std::invalid_argument("an experiment needs arms with scored cells");
  }
  const std::vector<PatientScores>& first = arms[0].cells[0];
  for (const Arm& arm : arms) {
    if (arm.cells.size() != arms[0].cells.size()) throw std::invalid_argument("arms differ in their seeds");
    for (const std::vector<PatientScores>& cell : arm.cells) {
      if (!std::equal(cell.begin(), cell.end(), first.begin(), first.end(), same_kind))
        throw std::invalid_argument("cells differ in their patients or labels");
    }
  }
}

// Of the organs of a patient by a measure the mean of those that have a finite value, or the one that is asked for.
double score(const std::vector<double>& organs, std::size_t label) {
  std::vector<double> finite = organs;
  for (double& value : finite) value = std::isfinite(value) ? value : kNotScored;
  return label == 0 ? mean_scored(finite) : finite[label];
}

std::vector<double> minus(const std::vector<double>& with, const std::vector<double>& without) {
  std::vector<double> difference;
  for (std::size_t i = 0; i < with.size(); ++i) difference.push_back(with[i] - without[i]);
  return difference;
}

// [seeds][patients] of what `organs(seed, patient)`, [labels], gives.
template <class Organs>
SeedScores collected(const Arm& arm, std::size_t label, const Organs& organs) {
  SeedScores scores(arm.cells.size());
  for (std::size_t seed = 0; seed < scores.size(); ++seed)
    for (std::size_t patient = 0; patient < arm.cells[seed].size(); ++patient)
      scores[seed].push_back(score(organs(seed, patient), label));
  return scores;
}

std::int64_t count_missed(const PatientScores& patient, std::size_t measure, std::size_t label) {
  const std::vector<double>& values = patient.values[measure];
  const auto missed = [](double value) { return std::isinf(value); };
  return label == 0 ? std::count_if(values.begin(), values.end(), missed) : (missed(values[label]) ? 1 : 0);
}

OrganSummary summarise_organ(const Arm& arm, std::size_t measure, std::size_t label, std::int64_t resamples,
                             std::uint64_t seed) {
  OrganSummary summary;
  summary.scores = collected(arm, label, [&](std::size_t own_seed, std::size_t patient) -> const std::vector<double>& {
    return arm.cells[own_seed][patient].values[measure];
  });
  for (const std::vector<PatientScores>& cell : arm.cells)
    for (const PatientScores& patient : cell) summary.missed += count_missed(patient, measure, label);
  summary.per_patient = over_seeds(summary.scores);
  for (const std::vector<double>& patients : summary.scores) summary.per_seed.push_back(mean_scored(patients));
  summary.interval = bootstrap_mean(summary.scores, resamples, seed);
  return summary;
}

// Marks the cells of each arm in which an organ collapsed.
void mark_collapsed(std::vector<ArmSummary>& arms) {
  for (std::size_t label = 1; label < arms[0].organs[kDiceMeasure].size(); ++label) {
    const bool learnable = std::any_of(arms.begin(), arms.end(), [label](const ArmSummary& arm) {
      const std::vector<double>& seeds = arm.organs[kDiceMeasure][label].per_seed;
      return std::any_of(seeds.begin(), seeds.end(), [](double dice) { return dice >= kCollapsedBelow; });
    });
    for (std::size_t a = 0; a < arms.size(); ++a) {
      const std::vector<double>& seeds = arms[a].organs[kDiceMeasure][label].per_seed;
      for (std::size_t s = 0; s < seeds.size(); ++s) {
        if (seeds[s] < kCollapsedBelow && (a == 0 || learnable)) arms[a].collapsed.push_back({label, s});
      }
    }
  }
}

}  // namespace

bool collapsed_in(const ArmSummary& arm, std::size_t label) {
  return std::any_of(arm.collapsed.begin(), arm.collapsed.end(),
                     [label](const Collapse& collapse) { return label == 0 || collapse.label == label; });
}

namespace {

Difference difference_of(const Arm& baseline, const Arm& arm, std::size_t measure, std::size_t label,
                         std::int64_t resamples, std::uint64_t seed) {
  const SeedScores scores = collected(arm, label, [&](std::size_t own_seed, std::size_t patient) {
    return minus(arm.cells[own_seed][patient].values[measure], baseline.cells[own_seed][patient].values[measure]);
  });
  Difference difference;
  difference.per_patient = over_seeds(scores);
  difference.interval = bootstrap_mean(scores, resamples, seed);
  std::vector<double> paired;
  std::copy_if(difference.per_patient.begin(), difference.per_patient.end(), std::back_inserter(paired),
               [](double value) { return std::isfinite(value); });
  difference.wilcoxon_p = wilcoxon_p(paired);
  return difference;
}

}  // namespace

Experiment summarise(const std::vector<Arm>& arms, std::int64_t resamples, std::uint64_t seed) {
  check(arms);
  const std::size_t labels = arms[0].cells[0][0].values[kDiceMeasure].size(), measures = kSegmentationMeasures.size();
  Experiment experiment;
  for (const Arm& arm : arms) {
    ArmSummary summary;
    summary.name = arm.name;
    for (std::size_t measure = 0; measure < measures; ++measure)
      for (std::size_t label = 0; label < labels; ++label)
        summary.organs[measure].push_back(
            summarise_organ(arm, measure, label, resamples, io::mix_seed(seed, measure * labels + label)));
    experiment.arms.push_back(std::move(summary));
  }
  mark_collapsed(experiment.arms);
  for (std::size_t a = 1; a < arms.size(); ++a) {
    ByMeasure<std::vector<Difference>> differences;
    for (std::size_t measure = 0; measure < measures; ++measure)
      for (std::size_t label = 0; label < labels; ++label) {
        Difference difference =
            difference_of(arms[0], arms[a], measure, label, resamples, io::mix_seed(seed, measure * labels + label));
        difference.valid = !collapsed_in(experiment.arms[0], label) && !collapsed_in(experiment.arms[a], label);
        differences[measure].push_back(std::move(difference));
      }
    experiment.differences.push_back(std::move(differences));
  }
  return experiment;
}

}  // namespace ctforge::eval
