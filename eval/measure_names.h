// The measures between two sets of features, by name; without LibTorch, for the configuration.
#pragma once

#include <array>

namespace ctforge::eval {

// Names under which they are published, in the order of their values. frechet_infinity: eval/frechet_infinity.h.
// mmd_rbf: eval/kernel_distance.h on rows of unit length, as CMMD. vendi: of the compared set alone, so that its floor
// is the score of as many real rows.
inline constexpr std::array<const char*, 9> kFeatureMeasures = {
    "frechet", "frechet_infinity", "kid", "precision", "recall", "density", "coverage", "mmd_rbf", "vendi"};

}  // namespace ctforge::eval
