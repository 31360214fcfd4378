// The downstream experiment's figures: Dice with and without synthetic patches, paired over patients.
//
// Seeds are averaged within each patient and arm first: patients are what the result is meant to hold for. Then the
// mean over patients, its bootstrap interval, and the same for the paired difference.
#pragma once

#include "eval/bootstrap.h"
#include "eval/dice.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ctforge::eval {

// An organ counts as collapsed in a cell when its mean Dice over the test patients is below this.
inline constexpr double kCollapsedBelow = 0.05;

// What one arm scored: [seeds][test patients], all cells with the same patients in the same order.
struct Arm {
  std::string name;
  std::vector<std::vector<PatientDice>> cells;
};

// One organ (or the mean over organs) in one arm.
struct OrganSummary {
  Interval interval;                // mean over patients and its 95 % interval
  std::vector<double> per_patient;  // mean over seeds; not a number where not scored
  std::vector<double> per_seed;     // mean over patients
};

struct Collapse {
  std::size_t label = 0, seed = 0;
};

struct ArmSummary {
  std::string name;
  std::vector<OrganSummary> organs;  // [labels]; entry 0 is the mean over organs
  std::vector<Collapse> collapsed;
};

// The paired difference of an arm and the baseline, in one organ.
struct Difference {
  Interval interval;
  std::vector<double> per_patient;
  double wilcoxon_p = 0;
  bool valid = true;  // false where the baseline or this arm collapsed: the difference then flatters or hides
};

struct Experiment {
  std::vector<ArmSummary> arms;         // as given; the first is the baseline
  std::vector<Difference> differences;  // [labels] of the second arm against the first; entry 0 is the mean over organs
};

// An organ below the limit is collapsed in the baseline, whatever the others score, and in another arm when any cell of
// the experiment reaches the limit. Throws std::invalid_argument when arms have no cells or differ in seeds or
// patients.
Experiment summarise(const std::vector<Arm>& arms, std::int64_t resamples, std::uint64_t seed);

}  // namespace ctforge::eval
