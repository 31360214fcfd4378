// Means over seeds and patients, paired differences, and organs that collapsed.
#include "eval/downstream.h"

#include "eval/dice.h"
#include "io/random.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace ctforge::eval {
namespace {

constexpr std::size_t kDice = 0;  // among the measures

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

std::vector<double> finite_only(const std::vector<double>& values) {
  std::vector<double> kept;
  std::copy_if(values.begin(), values.end(), std::back_inserter(kept), [](double v) { return std::isfinite(v); });
  return kept;
}

double mean_finite(const std::vector<double>& values) { return mean_scored(finite_only(values)); }

// The organ's score of a patient; for label 0 the mean over the organs scored.
double score(const PatientScores& patient, std::size_t measure, std::size_t label) {
  const std::vector<double>& values = patient.values[measure];
  return label == 0 ? mean_finite(values) : values[label];
}

std::int64_t count_missed(const PatientScores& patient, std::size_t measure, std::size_t label) {
  const std::vector<double>& values = patient.values[measure];
  const auto missed = [](double value) { return std::isinf(value); };
  return label == 0 ? std::count_if(values.begin(), values.end(), missed) : (missed(values[label]) ? 1 : 0);
}

OrganSummary summarise_organ(const Arm& arm, std::size_t measure, std::size_t label, std::int64_t resamples,
                             std::uint64_t seed) {
  OrganSummary summary;
  for (std::size_t p = 0; p < arm.cells[0].size(); ++p) {
    std::vector<double> over_seeds;
    for (const std::vector<PatientScores>& cell : arm.cells) {
      over_seeds.push_back(score(cell[p], measure, label));
      summary.missed += count_missed(cell[p], measure, label);
    }
    summary.per_patient.push_back(mean_finite(over_seeds));
  }
  for (const std::vector<PatientScores>& cell : arm.cells) {
    std::vector<double> over_patients;
    for (const PatientScores& patient : cell) over_patients.push_back(score(patient, measure, label));
    summary.per_seed.push_back(mean_finite(over_patients));
  }
  summary.interval = bootstrap_mean(finite_only(summary.per_patient), resamples, seed);
  return summary;
}

// Marks the cells of each arm in which an organ collapsed.
void mark_collapsed(std::vector<ArmSummary>& arms) {
  for (std::size_t label = 1; label < arms[0].organs[kDice].size(); ++label) {
    const bool learnable = std::any_of(arms.begin(), arms.end(), [label](const ArmSummary& arm) {
      const std::vector<double>& seeds = arm.organs[kDice][label].per_seed;
      return std::any_of(seeds.begin(), seeds.end(), [](double dice) { return dice >= kCollapsedBelow; });
    });
    for (std::size_t a = 0; a < arms.size(); ++a) {
      const std::vector<double>& seeds = arms[a].organs[kDice][label].per_seed;
      for (std::size_t s = 0; s < seeds.size(); ++s) {
        if (seeds[s] < kCollapsedBelow && (a == 0 || learnable)) arms[a].collapsed.push_back({label, s});
      }
    }
  }
}

bool collapsed_in(const ArmSummary& arm, std::size_t label) {
  return std::any_of(arm.collapsed.begin(), arm.collapsed.end(),
                     [label](const Collapse& collapse) { return label == 0 || collapse.label == label; });
}

Difference difference_of(const ArmSummary& baseline, const ArmSummary& arm, std::size_t measure, std::size_t label,
                         std::int64_t resamples, std::uint64_t seed) {
  Difference difference;
  const std::vector<double>& with = arm.organs[measure][label].per_patient;
  const std::vector<double>& without = baseline.organs[measure][label].per_patient;
  for (std::size_t p = 0; p < with.size(); ++p) difference.per_patient.push_back(with[p] - without[p]);
  const std::vector<double> paired = finite_only(difference.per_patient);
  difference.interval = bootstrap_mean(paired, resamples, seed);
  difference.wilcoxon_p = wilcoxon_p(paired);
  difference.valid = !collapsed_in(baseline, label) && !collapsed_in(arm, label);
  return difference;
}

}  // namespace

Experiment summarise(const std::vector<Arm>& arms, std::int64_t resamples, std::uint64_t seed) {
  check(arms);
  const std::size_t labels = arms[0].cells[0][0].values[kDice].size(), measures = kSegmentationMeasures.size();
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
      for (std::size_t label = 0; label < labels; ++label)
        differences[measure].push_back(difference_of(experiment.arms[0], experiment.arms[a], measure, label, resamples,
                                                     io::mix_seed(seed, measure * labels + label)));
    experiment.differences.push_back(std::move(differences));
  }
  return experiment;
}

}  // namespace ctforge::eval
