// Histograms of HU and the distance between them: what a network's features hardly see, such as a shift of all HU.
#pragma once

#include "eval/comparison.h"
#include "eval/patch_set.h"

#include <array>
#include <cstdint>

#include <torch/types.h>

namespace ctforge::eval {

// Bins of 1 HU over the window, values beyond it counted at its ends: [N,bins] int32, bins = high - low + 1.
// Window ends are rounded to whole HU. Throws std::invalid_argument for an empty window.
torch::Tensor hu_histograms(const PatchSet& set, const std::array<double, 2>& window_hu);

// Sum of the histograms of some rows, as fractions: [bins] float64.
torch::Tensor pooled_histogram(const torch::Tensor& histograms, const Indices& rows);

// Wasserstein-1 distance in HU between two such distributions: the area between their cumulative sums.
double wasserstein1_hu(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace ctforge::eval
