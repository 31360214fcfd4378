// HU under the masks, organ by organ: what a network's features hardly see, such as a shift of all HU.
#pragma once

#include "pipeline/evaluate/evaluate_distances.h"

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// {<organ>: {wasserstein1_hu, mean_difference_hu, sd_difference_hu}} for each label but the background that has voxels
// on every side in every round; each {value, interval, n, floor, floor_interval} of the synthetic patches (for the
// floor, of other real patients) against the reference, mean and SD over voxels as differences, which have a sign, with
// {synthetic, real} beside the difference.
nlohmann::ordered_json organs_json(const ComparedSets& compared);

}  // namespace ctforge::pipeline
