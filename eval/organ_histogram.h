// HU under the masks: a histogram of each organ, and what its mean and spread are.
#pragma once

#include "eval/comparison.h"
#include "eval/patch_set.h"

#include <array>
#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace ctforge::eval {

// For each draw of patches the voxels under each label, in bins of 1 HU over the window, values beyond it counted at
// its ends: [draws,labels,bins] float64. One pass over the set, whatever the number of draws. Throws
// std::invalid_argument for an empty window.
torch::Tensor organ_histograms(const PatchSet& set, const std::vector<const Indices*>& draws,
                               const std::array<double, 2>& window_hu);

struct HuMoments {
  double mean_hu = 0, sd_hu = 0;  // over voxels; SD divided by their number
};
// Of one histogram [bins] whose first bin is `low_hu`. Not numbers where it is empty.
HuMoments hu_moments(const torch::Tensor& histogram, double low_hu);

}  // namespace ctforge::eval
