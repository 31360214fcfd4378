// Means over seeds and patients, paired differences, and organs that collapsed.
#include "eval/downstream.h"

#include "io/random.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace ctforge::eval {
namespace {

void check(const std::vector<Arm>& arms) {
  if (arms.empty() || arms[0].cells.empty() || arms[0].cells[0].empty()) {
    throw std::invalid_argument("an experiment needs arms with scored cells");
  }
  const std::vector<PatientDice>& first = arms[0].cells[0];
  for (const Arm& arm : arms) {
    if (arm.cells.size() != arms[0].cells.size()) throw std::invalid_argument("arms differ in their seeds");
    for (const std::vector<PatientDice>& cell : arm.cells) {
      const bool same = std::equal(cell.begin(), cell.end(), first.begin(), first.end(),
                                   [](const PatientDice& a, const PatientDice& b) {
                                     return a.patient == b.patient && a.dice.size() == b.dice.size();
                                   });
      if (!same) throw std::invalid_argument("cells differ in their patients or labels");
    }
  }
}

// The organ's Dice of a patient; for label 0 the mean over the organs scored.
double score(const PatientDice& patient, std::size_t label) {
  return label == 0 ? mean_scored(patient.dice) : patient.dice[label];
}

std::vector<double> scored_only(const std::vector<double>& values) {
  std::vector<double> kept;
  std::copy_if(values.begin(), values.end(), std::back_inserter(kept), [](double v) { return !std::isnan(v); });
  return kept;
}

OrganSummary summarise_organ(const Arm& arm, std::size_t label, std::int64_t resamples, std::uint64_t seed) {
  OrganSummary summary;
  for (std::size_t p = 0; p < arm.cells[0].size(); ++p) {
    std::vector<double> over_seeds;
    for (const std::vector<PatientDice>& cell : arm.cells) over_seeds.push_back(score(cell[p], label));
    summary.per_patient.push_back(mean_scored(over_seeds));
  }
  for (const std::vector<PatientDice>& cell : arm.cells) {
    std::vector<double> over_patients;
    for (const PatientDice& patient : cell) over_patients.push_back(score(patient, label));
    summary.per_seed.push_back(mean_scored(over_patients));
  }
  summary.interval = bootstrap_mean(scored_only(summary.per_patient), resamples, seed);
  return summary;
}

// Marks the cells of each arm in which an organ collapsed.
void mark_collapsed(std::vector<ArmSummary>& arms) {
  for (std::size_t label = 1; label < arms[0].organs.size(); ++label) {
    const bool learnable = std::any_of(arms.begin(), arms.end(), [label](const ArmSummary& arm) {
      const std::vector<double>& seeds = arm.organs[label].per_seed;
      return std::any_of(seeds.begin(), seeds.end(), [](double dice) { return dice >= kCollapsedBelow; });
    });
    for (std::size_t a = 0; a < arms.size(); ++a) {
      const std::vector<double>& seeds = arms[a].organs[label].per_seed;
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

Difference difference_of(const ArmSummary& baseline, const ArmSummary& arm, std::size_t label, std::int64_t resamples,
                         std::uint64_t seed) {
  Difference difference;
  const std::vector<double>& with = arm.organs[label].per_patient;
  const std::vector<double>& without = baseline.organs[label].per_patient;
  for (std::size_t p = 0; p < with.size(); ++p) difference.per_patient.push_back(with[p] - without[p]);
  const std::vector<double> paired = scored_only(difference.per_patient);
  difference.interval = bootstrap_mean(paired, resamples, seed);
  difference.wilcoxon_p = wilcoxon_p(paired);
  difference.valid = !collapsed_in(baseline, label) && !collapsed_in(arm, label);
  return difference;
}

}  // namespace

Experiment summarise(const std::vector<Arm>& arms, std::int64_t resamples, std::uint64_t seed) {
  check(arms);
  const std::size_t labels = arms[0].cells[0][0].dice.size();
  Experiment experiment;
  for (const Arm& arm : arms) {
    ArmSummary summary;
    summary.name = arm.name;
    for (std::size_t label = 0; label < labels; ++label) {
      summary.organs.push_back(summarise_organ(arm, label, resamples, io::mix_seed(seed, label)));
    }
    experiment.arms.push_back(std::move(summary));
  }
  mark_collapsed(experiment.arms);
  if (arms.size() < 2) return experiment;
  for (std::size_t label = 0; label < labels; ++label) {
    experiment.differences.push_back(
        difference_of(experiment.arms[0], experiment.arms[1], label, resamples, io::mix_seed(seed, label)));
  }
  return experiment;
}

}  // namespace ctforge::eval
