// How a set of synthetic patches is compared with the real ones so that the number can be read: the same number of
// patches of each class on both sides, and beside it what real patches of other patients score.
//
// A round splits the real patients at random in two halves of similar size and draws from each half, and from each
// compared set, the same number of patches of every class. The first half is the reference: the second half against it
// is the floor of that round, and every compared set is measured against the same reference. The published value is
// the mean over the rounds and its interval their 2.5 and 97.5 percentiles: it spans the choice of patients and
// patches.
#pragma once

#include "eval/patch_set.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace ctforge::eval {

// A set compared with the real patches, as the class of each of its rows; empty classes mean rows without a class
// (noise), of which there are `count`.
struct Contender {
  std::string name;
  std::vector<std::int32_t> class_index;
  std::int64_t count = 0;
};

struct Round {
  Indices reference, floor;         // rows of the real set, disjoint by patient
  std::vector<Indices> contenders;  // rows of each contender
};

struct ComparisonPlan {
  std::vector<std::int64_t> per_class;  // patches drawn of each class; 0 where a side has none
  std::int64_t count = 0;               // their sum: N of every distance
  std::vector<Round> rounds;            // rows of a round are ordered by class
};

// Deterministic in seed. Throws io::DataError(InvalidShard) when there are fewer than two real patients or no class has
// two patches on every side, and std::invalid_argument when there is no round or a classless contender is too small.
ComparisonPlan plan_comparison(const PatchSet& real, std::span<const Contender> contenders, std::int64_t rounds,
                               std::uint64_t seed);

// Mean of a measure over the rounds, with the 2.5 and 97.5 percentiles of the rounds.
struct Spread {
  double value = 0, low = 0, high = 0;
  std::vector<double> rounds;  // what it is made of
};
Spread spread_of(std::vector<double> values);

// The q-quantile (0..1) by linear interpolation between order statistics (Hyndman and Fan 1996, type 7, as numpy's).
// Throws std::invalid_argument when empty.
double quantile(std::vector<double> values, double q);

struct Compared {
  std::int64_t count = 0;  // N on each side
  Spread floor;            // real against real of other patients
  std::vector<Spread> contenders;
};

// measure(rows of the real set, contender or kReal, rows of that one) -> distance.
inline constexpr std::int64_t kReal = -1;
using Measure = std::function<double(const Indices& reference, std::int64_t contender, const Indices& rows)>;
Compared compare(const ComparisonPlan& plan, const Measure& measure);

// Several measures at once: measure(round's index, contender or kReal for the floor) -> one value a measure, not a
// number where it could not be taken. A measure that lacks a value in any round has no spread: all of it is not a
// number.
using Measures = std::function<std::vector<double>(std::size_t round, std::int64_t contender)>;
std::vector<Compared> compare_all(const ComparisonPlan& plan, const Measures& measures);

// The plan confined to one class; per_class[class_index] must not be 0. Classless contenders keep as many rows.
ComparisonPlan confined(const ComparisonPlan& plan, std::int32_t class_index);

// The plan confined to rows that `has` something (contender or kReal, row), evenly thinned so that every side of every
// round has as many of each class. count may be 0.
ComparisonPlan confined_to_rows(const ComparisonPlan& plan,
                                const std::function<bool(std::int64_t contender, std::int64_t row)>& has);

}  // namespace ctforge::eval
