// Levels of the U-Net made of k_blocks.h, with the parameter names of diffusers' KDownBlock2D, KCrossAttnDownBlock2D,
// KUpBlock2D and KCrossAttnUpBlock2D.
#pragma once

#include "models/nets/levels.h"

namespace ctforge::nets {

// As DownLevel, but the halved picture (binomial filter, reflected border) is no skip. A level of attention that does
// not halve leaves undefined skips: where the way up finds them it joins nothing.
class KDownLevelImpl : public LevelImpl {
 public:
  KDownLevelImpl(const LevelShape& shape, const BlockOptions& options);
  void forward(Flow& flow, const TimeVectors& time, const BlockRunner& runner) override;

 private:
  bool halves_, keeps_;
};
TORCH_MODULE(KDownLevel);

// As UpLevel, but of as many skips as it has residual blocks it joins only the last, to its input.
class KUpLevelImpl : public LevelImpl {
 public:
  KUpLevelImpl(const LevelShape& shape, const BlockOptions& options);
  void forward(Flow& flow, const TimeVectors& time, const BlockRunner& runner) override;

 private:
  bool doubles_;
};
TORCH_MODULE(KUpLevel);

}  // namespace ctforge::nets
