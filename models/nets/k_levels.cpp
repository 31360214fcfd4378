// Levels of the U-Net made of k_blocks.h.
#include "models/nets/k_levels.h"

#include "models/nets/k_blocks.h"

#include <algorithm>

namespace ctforge::nets {

using torch::Tensor;

KDownLevelImpl::KDownLevelImpl(const LevelShape& shape, const BlockOptions& options)
    : halves_(shape.resampling != Resampling::None), keeps_(halves_ || shape.attentions.empty()) {
  make_steps<KResnetBlock, KAttention>(shape, options);
}

void KDownLevelImpl::forward(Flow& flow, const TimeVectors& time, const BlockRunner& runner) {
  for (std::size_t i = 0; i < resnets->size(); ++i) {
    flow.hidden = run_step(i, {flow.hidden, time.plain}, runner);
    flow.skips.push_back(keeps_ ? flow.hidden : Tensor());
  }
  if (halves_) flow.hidden = binomial_half(flow.hidden, Border::Reflected);
}

KUpLevelImpl::KUpLevelImpl(const LevelShape& shape, const BlockOptions& options)
    : doubles_(shape.resampling != Resampling::None) {
  make_steps<KResnetBlock, KAttention>(shape, options);
}

void KUpLevelImpl::forward(Flow& flow, const TimeVectors& time, const BlockRunner& runner) {
  const Tensor joined = flow.skips.back();
  flow.skips.resize(flow.skips.size() - std::min(flow.skips.size(), resnets->size()));
  for (std::size_t i = 0; i < resnets->size(); ++i) {
    std::vector<Tensor> inputs = {flow.hidden, time.plain};
    if (i == 0 && joined.defined()) inputs.push_back(joined);
    flow.hidden = run_step(i, inputs, runner);
  }
  if (doubles_) flow.hidden = binomial_double(flow.hidden, Border::Reflected);
}

}  // namespace ctforge::nets
