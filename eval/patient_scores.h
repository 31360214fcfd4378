// What a segmentation of held-out patients scores: Dice, 95 % Hausdorff distance and surface Dice of each organ.
#pragma once

#include "eval/patch_set.h"

#include <array>
#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace ctforge::eval {

inline constexpr std::array kSegmentationMeasures = {"dice", "hausdorff95_mm", "surface_dice"};
inline constexpr std::size_t kDiceMeasure = 0, kHausdorffMeasure = 1;  // places among these

struct PatientScores {
  std::int32_t patient = 0;  // index into the set's patients
  // [measures][labels], in the order of kSegmentationMeasures; kNotScored (not a number) for the background and for
  // organs not contoured or empty. The Hausdorff distance of an organ that was missed altogether is infinite.
  std::array<std::vector<double>, kSegmentationMeasures.size()> values;
  std::vector<double> false_positive_mm3;  // [labels]; volume predicted where the reference is empty, else 0
};

// Scores predictions [N,H,W] uint8 of a whole set: Dice as eval/dice.h, the others as eval/surface_distance.h on each
// series' volume (eval/patch_volume.h). A patient of several series has the mean of those in which the organ was
// contoured and occurs. Patients without patches are left out. Throws std::invalid_argument on shapes that differ.
std::vector<PatientScores> score_volumes(const PatchSet& set, const torch::Tensor& predictions, double tolerance_mm);

}  // namespace ctforge::eval
