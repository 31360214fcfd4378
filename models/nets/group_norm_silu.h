// Group normalisation and the activation that follows it in one pass over memory, forward and backward.
// Wu and He 2018, eq. 1-4 and 7. A per-sample, per-channel shift (the time embedding of a residual block) can be added
// to the input within the same pass.
#pragma once

#include "models/nets/activation.h"

#include <cstdint>

#include <torch/types.h>

namespace ctforge::nets {

// y = act(weight * normalised(x + shift) + bias), normalised over each group of C/groups channels and all pixels.
// x [N,C,H,W] or [N,C,L] floating point; weight and bias [C]; shift [N,C] or undefined. Returns x's shape, type and
// memory format. Statistics are float32 (float64 for a float64 x) whatever x's type. With groups == C this is instance
// normalisation. float32 and bfloat16 on a CPU use a fused kernel, contiguous and channels_last alike (Mish and GELU
// follow it in a pass of their own); other types and devices, and a backward pass that is itself to be differentiated,
// are composed of LibTorch's own operators.
// Throws std::invalid_argument where groups do not divide C or the shapes disagree.
torch::Tensor group_norm_act(const torch::Tensor& x, std::int64_t groups, const torch::Tensor& weight,
                             const torch::Tensor& bias, double eps, Activation activation,
                             const torch::Tensor& shift = {});

// The same of LibTorch's own operators on any device and type: what the kernel is measured against.
torch::Tensor group_norm_act_composed(const torch::Tensor& x, std::int64_t groups, const torch::Tensor& weight,
                                      const torch::Tensor& bias, double eps, Activation activation,
                                      const torch::Tensor& shift = {});

}  // namespace ctforge::nets
