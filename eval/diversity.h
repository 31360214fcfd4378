// How much the patches of a set differ from one another.
#pragma once

#include "eval/patch_set.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace ctforge::eval {

using PatchPairs = std::vector<std::pair<std::int64_t, std::int64_t>>;

// At most `count` pairs of different patches among these rows, drawn at random, both of one class and of two patients
// (so that neighbouring slices of a scan do not count as alike). Fewer, or none, where such pairs are rare.
// Deterministic in seed.
PatchPairs pairs_within_classes(const PatchSet& set, const Indices& rows, std::int64_t count, std::uint64_t seed);

// Mean multi-scale structural similarity of the pairs, HU windowed to [-1,1] (range 2), with as many scales as fit
// (scales_within): 1 when all patches are equal, the lower the more they differ. Throws std::invalid_argument without a
// pair and for patches below 11 pixels.
double mean_similarity(const PatchSet& set, const PatchPairs& pairs);

}  // namespace ctforge::eval
