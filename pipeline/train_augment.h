// Moved copies of training patches whose movement the network is told, so that it learns from them without drawing them
// (Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data", and 2022, appendix F.2).
#pragma once

#include "pipeline/train.h"
#include "pipeline/train_data.h"

#include <cstdint>

#include <torch/types.h>

namespace ctforge::pipeline {

// Numbers that say how a patch was moved.
inline constexpr std::int64_t kAugmentNumbers = 7;

struct AugmentedBatch {
  PatchBatch batch;
  // [N,7] float32, 0 for what was not done: scale, cosine - 1 and sine of the rotation, stretch along its direction
  // (two components), shift in x and y; the random ones in standard deviations.
  torch::Tensor movement;
};

AugmentedBatch augmented(const PatchBatch& batch, const AugmentTraining& config, torch::Generator& generator);

}  // namespace ctforge::pipeline
