// Whether the levels of a U-Net fit each other.
#pragma once

#include "models/nets/unet_plan.h"

namespace ctforge::nets {

// Follows channels, resolution, skip connections and the pyramid of pictures through the levels. Throws
// std::invalid_argument naming the field and the level where groups do not divide channels, a head is wider than its
// level, or a level is given other channels or another resolution than it takes.
void check_fit(const UNetConfig& config, const UNetPlan& plan);

}  // namespace ctforge::nets
