// Dice overlap in three dimensions, per patient and organ, over the scans in which the organ was contoured.
#pragma once

#include "eval/patch_set.h"

#include <cstdint>
#include <limits>
#include <vector>

#include <torch/types.h>

namespace ctforge::eval {

inline constexpr double kNotScored = std::numeric_limits<double>::quiet_NaN();

// Voxels of one organ in one patient, summed over all slices.
struct Overlap {
  std::int64_t both = 0, reference = 0, prediction = 0;

  // 2 |A and B| / (|A| + |B|) (Dice 1945). Not a number when the reference is empty, whatever was predicted: the score
  // would not measure an overlap. What was predicted there is told as a false-positive volume instead.
  double dice() const;
};

// Adds a slice stack: prediction and reference [n,H,W] uint8 -> one Overlap a label (0, the background, too).
// Throws std::invalid_argument on shapes that differ or labels beyond the number of overlaps.
void accumulate(std::vector<Overlap>& overlaps, const torch::Tensor& prediction, const torch::Tensor& reference);

struct PatientDice {
  std::int32_t patient = 0;                // index into the set's patients
  std::vector<double> dice;                // [labels]; kNotScored for the background, organs not contoured or empty
  std::vector<double> false_positive_mm3;  // [labels]; volume predicted where the reference is empty, else 0
};

// Scores predictions [N,H,W] uint8 of a whole set. The slices of a patient are one volume: each patch counts once, so
// patches must not overlap. Of a patient with several scans, those in which an organ was contoured count for it.
// Patients without patches are left out.
std::vector<PatientDice> score_patients(const PatchSet& set, const torch::Tensor& predictions);

// The mean of what was scored; kNotScored when nothing was.
double mean_scored(const std::vector<double>& values);

}  // namespace ctforge::eval
