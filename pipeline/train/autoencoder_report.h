// What an autoencoder loses of patches it has not seen: it bounds all that is generated in its latents.
#pragma once

#include "models/nets/tiles.h"
#include "pipeline/train/train_data.h"
#include "pipeline/train/train_metrics.h"

#include <cstdint>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// After a round trip by the means of the latents, over at most 2048 patches evenly spaced: "hu_mae", "hu_bias" (within
// the window, decoded less real), "psnr_db" and "ssim" (of the whole window; means over patches; null where patches are
// smaller than 11 pixels), "tissues" by label ("hu_mae", "hu_bias" under the real mask, "pixels"), "mask_dice" by label
// but the first (null where neither mask has it), "patches".
nlohmann::ordered_json reconstruction(nets::Autoencoder& net, const PatchTensors& patches, torch::Device device,
                                      const nets::Tiling& tiling);

// The same, logged as a validation of phase autoencoder, and found there again when a run goes on.
nlohmann::ordered_json measured_reconstruction(nets::Autoencoder& net, const PatchTensors& validation,
                                               torch::Device device, const nets::Tiling& tiling, std::int64_t step,
                                               const MetricsLog& metrics);

}  // namespace ctforge::pipeline
