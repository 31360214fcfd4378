// How many training patients synthetic data stand for: the learning curve of the real arm, read backwards.
#pragma once

#include "eval/bootstrap.h"

#include <cstdint>
#include <vector>

namespace ctforge::eval {

// The mean over organs of each test patient, in the same order everywhere and all scored, at one number of training
// patients; with whether no organ collapsed.
struct LearningPoint {
  double training_patients = 0;
  SeedScores real, with_synthetic;  // as many seeds everywhere
  bool real_valid = true, synthetic_valid = true;
};

// What a saving is known as: its value, or that it is at least or at most this.
enum class Bound { None, Lower, Upper };

struct Saving {
  double needed = 0;  // training patients
  double part = 0;    // 1 - training patients / needed; negative where synthetic data cost
  Bound bound = Bound::None;
  double low = 0, high = 0;  // percentile bootstrap interval of part over test patients and seeds
  bool valid = true;         // false where an organ collapsed on the real curve, anywhere, or with synthetic data here
};

// At each point, the number of training patients that the real arm needs to reach the mean Dice that it has with
// synthetic data: where its curve of means, linear between the points, first does. Where it never does, the largest
// number, and the saving is a lower bound; where its first point lies higher already, the first number, and an upper
// bound. Resamples beyond the curve count with their bound, so that limits of the interval are bounds likewise.
// Points ascend in training_patients. Fewer than two: nothing is known, none. Throws std::invalid_argument for points
// of other orders, seeds or patients.
std::vector<Saving> savings(const std::vector<LearningPoint>& points, std::int64_t resamples, std::uint64_t seed,
                            double level = 0.95);

}  // namespace ctforge::eval
