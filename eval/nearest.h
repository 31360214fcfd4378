// Nearest training patches of generated ones: whether a generator shows its training data again.
//
// The reference is what held-out patients' patches score against the same training set: a copy is nearer to the
// training data than another person is.
#pragma once

#include "eval/patch_set.h"

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

namespace ctforge::eval {

struct Neighbours {
  Indices index;              // [N] of the nearest training patch
  std::vector<double> value;  // [N] its correlation
};

// For each query the training patch of the largest Pearson correlation of windowed HU over pixels (both centred on
// their own mean; max_j corr(s, x_j), Akbar et al. 2024). A constant patch has correlation 0 with every other. Works in
// tiles: memory does not grow with either set. Throws std::invalid_argument when a set is empty or sizes differ.
Neighbours nearest_by_correlation(const PatchSet& queries, const PatchSet& training);

// Distances to the nearest and the second nearest row.
struct TwoNearest {
  std::vector<double> first, second;
  Indices index;  // of the nearest
};

// Euclidean, of each row of queries [N,D] among the rows of reference [M,D], in float64 and in tiles. Where groups are
// given, rows of the query's own group are passed over: slices of one patient are no neighbours of one another. A row
// without a neighbour has distance infinity and index -1. Throws std::invalid_argument for shapes that do not fit.
TwoNearest two_nearest(const torch::Tensor& queries, const torch::Tensor& reference,
                       const std::vector<std::int32_t>& query_group = {},
                       const std::vector<std::int32_t>& reference_group = {});

// At 0, 5, 25, 50, 75, 95 and 100 %.
inline constexpr double kQuantiles[] = {0, 0.05, 0.25, 0.5, 0.75, 0.95, 1};
std::vector<double> quantiles_of(const std::vector<double>& values);

// The part of the generated patches that are nearer to the training data than all but 5 % of the held-out patches are:
// about 0.05 when generated patches are as near as other patients. Not a number without held-out patches.
double closer_than_held_out(const std::vector<double>& generated, const std::vector<double>& held_out,
                            bool larger_is_nearer);

// Indices to show: the nearest half of `count`, then the rest evenly spread over the ranks; at most N, no index twice.
Indices examples(const std::vector<double>& values, std::int64_t count, bool larger_is_nearer);

}  // namespace ctforge::eval
