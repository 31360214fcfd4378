// The loss of a segmenter whose training scans are not all contoured for every organ.
#pragma once

#include <torch/types.h>

namespace ctforge::eval {

// Log-probabilities in which the organs that were not contoured in a patch's series are merged into the background:
// "background" there may be any of them, so neither choice is punished (marginal loss; Shi, Xiao, Chen and Zhou 2021,
// Medical Image Analysis 70, equations 3 and 4). logits [n,L,H,W] float32, contoured [n,L] bool -> [n,L,H,W]; a merged
// organ's own entry is a large negative number.
torch::Tensor marginal_log_probabilities(const torch::Tensor& logits, const torch::Tensor& contoured);

// Cross-entropy over all pixels plus one minus the mean soft Dice over organs, both on the marginal probabilities. The
// Dice of an organ is taken over the whole batch, but only over patches whose series has it contoured; an organ that
// no patch of the batch has contoured is left out. target [n,H,W] int64; labels not contoured count as background.
torch::Tensor segmentation_loss(const torch::Tensor& logits, const torch::Tensor& target,
                                const torch::Tensor& contoured);

}  // namespace ctforge::eval
