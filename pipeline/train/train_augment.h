// Moved copies of training patches whose movement the network is told, so that it learns from them without drawing them
// (Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data", and 2022, appendix F.2).
#pragma once

#include "pipeline/train/train.h"
#include "pipeline/train/train_data.h"

#include <cstdint>

#include <torch/types.h>

namespace ctforge::pipeline {

// Numbers that say how a patch was moved.
inline constexpr std::int64_t kMovementNumbers = 7;

// [n,7] float32, 0 for what was not done: scale, cosine - 1 and sine of the rotation, stretch times cosine and sine of
// twice the direction along which it stretches (the opposite direction is the same), shift in x and y. Scale, stretch
// and shift count in the deviations that the configuration gives.
torch::Tensor draw_movements(std::int64_t n, const AugmentTraining& config, torch::Generator& generator);

// The patches moved so: image bilinear, mask nearest, air and background beyond the edge.
PatchBatch moved(const PatchBatch& batch, const torch::Tensor& movements, const AugmentTraining& config);

}  // namespace ctforge::pipeline
