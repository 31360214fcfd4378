// How the parts of a network are evaluated.
#include "models/nets/step.h"

#include <torch/utils.h>

namespace ctforge::nets {

torch::Tensor run_block(const BlockRunner& runner, const Block& block, std::vector<torch::Tensor> inputs) {
  if (runner) return runner(block, inputs);
  // A view, so that gradients of an input's uses inside the block are added up before those of its uses elsewhere, as
  // they are where the block is a function of its own: sums in another order differ in the last bit.
  for (torch::Tensor& input : inputs)
    if (input.defined()) input = input.view_as(input);
  return block(inputs);
}

void share_batch(torch::nn::Module& network, const BatchShare& share) {
  for (const auto& module : network.modules())
    if (auto* step = dynamic_cast<StepImpl*>(module.get())) step->set_share(share);
}

}  // namespace ctforge::nets
