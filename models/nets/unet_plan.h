// The shapes of all of a U-Net's levels, worked out before any is made.
#pragma once

#include "models/nets/unet_config.h"

#include <vector>

namespace ctforge::nets {

struct UNetPlan {
  std::vector<LevelShape> down, up;  // as config.down_block_types and up_block_types
  MidShape middle;                   // meaningless without a middle block
  std::int64_t groups_out = 0;       // of the normalisation before the last convolution
  std::int64_t smallest_side = 1;    // pixels that the finest level must have along each axis
};

// Throws std::invalid_argument where there are not as many types of levels as channels. That the shapes can be had,
// unet_fit.h says.
UNetPlan plan(const UNetConfig& config);

}  // namespace ctforge::nets
