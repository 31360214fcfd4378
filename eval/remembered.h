// Patches that are costly to make, kept once they were fetched.
#pragma once

#include "eval/patch_set.h"

namespace ctforge::eval {

// The same patches; the pixels of each are asked of `set` once, when first fetched, and then kept in memory (3 bytes a
// pixel). For sets whose pixels are computed, and that are bounded in size.
PatchSet remembered(const PatchSet& set);

}  // namespace ctforge::eval
