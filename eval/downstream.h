// The downstream experiment's figures: scores with and without synthetic patches, paired over patients.
//
// Seeds are averaged within each patient first. Then the mean over patients and its bootstrap interval, which draws
// patients and seeds; the same for the difference, paired by patient, seed and organ.
#pragma once

#include "eval/bootstrap.h"
#include "eval/patient_scores.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace ctforge::eval {

// An organ counts as collapsed in a cell when its mean Dice over the test patients is below this.
inline constexpr double kCollapsedBelow = 0.05;

// What one arm scored: [seeds][test patients], all cells with the same patients in the same order.
struct Arm {
  std::string name;
  std::vector<std::vector<PatientScores>> cells;
};

// One organ (or the mean over organs) in one arm by one measure. Infinite distances, of organs that a network missed
// altogether, have no mean: they are left out and counted.
struct OrganSummary {
  Interval interval;                // mean over patients and its 95 % interval
  SeedScores scores;                // [seeds][patients]; not a number where not scored or infinite
  std::vector<double> per_patient;  // mean over seeds
  std::vector<double> per_seed;     // mean over patients
  std::int64_t missed = 0;          // scores that are infinite, over patients and seeds
};

struct Collapse {
  std::size_t label = 0, seed = 0;
};

template <class Value>
using ByMeasure = std::array<Value, kSegmentationMeasures.size()>;

struct ArmSummary {
  std::string name;
  ByMeasure<std::vector<OrganSummary>> organs;  // [measures][labels]; label 0 is the mean over organs
  std::vector<Collapse> collapsed;
};

// Whether this organ collapsed with any seed; label 0: whether any organ did.
bool collapsed_in(const ArmSummary& arm, std::size_t label);

// The paired difference of an arm and the baseline, in one organ by one measure: of what both scored, so that an organ
// that one of them missed altogether, whose distance is infinite, is in neither side.
struct Difference {
  Interval interval;
  std::vector<double> per_patient;
  double wilcoxon_p = 0;
  bool valid = true;  // false where the baseline or this arm collapsed: the difference then flatters or hides
};

struct Experiment {
  std::vector<ArmSummary> arms;  // as given; the first is the baseline
  // Of each arm but the first against the first: [arms - 1][measures][labels]; label 0 is the mean over organs.
  std::vector<ByMeasure<std::vector<Difference>>> differences;
};

// An organ below the limit is collapsed in the baseline, whatever the others score, and in another arm when any cell of
// the experiment reaches the limit. Throws std::invalid_argument when arms have no cells or differ in seeds or
// patients.
Experiment summarise(const std::vector<Arm>& arms, std::int64_t resamples, std::uint64_t seed);

}  // namespace ctforge::eval
