// Gradient checkpointing: a block's inner results are not kept for the way back but computed again there (Chen et al.
// 2016), which trades time for memory.
#pragma once

#include <functional>
#include <vector>

#include <torch/types.h>

namespace ctforge::train {

// block(inputs), keeping the inputs alone. On the way back the block is evaluated a second time with the random state
// and the automatic casting of the first, so that dropout drops the same and the gradients are the same, bit by bit.
// Gradients reach the inputs and whatever else the block uses, given that one input at least requires a gradient (else
// nothing is recorded); where gradients are off, this is block(inputs). What the block refers to must live until the
// way back is done. Nested calls work; second derivatives do not (std::logic_error).
// inputs: defined tensors of one device, whose and the CPU's random states are kept.
torch::Tensor recomputed(const std::function<torch::Tensor(const std::vector<torch::Tensor>&)>& block,
                         const std::vector<torch::Tensor>& inputs);

}  // namespace ctforge::train
