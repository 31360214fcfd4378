// Levels of the U-Net that carry the picture itself beside the features: a pyramid of the input is added on the way
// down, and a pyramid of outputs is summed on the way up (Karras et al. 2020, section 4.1; Song et al. 2021, appendix
// H). Parameter names of diffusers' SkipDownBlock2D, AttnSkipDownBlock2D, SkipUpBlock2D and AttnSkipUpBlock2D.
#pragma once

#include "models/nets/levels.h"

#include <torch/nn/modules/conv.h>

namespace ctforge::nets {

inline constexpr std::int64_t kPyramidChannels = 3;  // of the picture, whatever the network's

// As DownLevel; where it ends at half the resolution it halves the flow's image too and adds a projection of it.
class SkipDownLevelImpl : public LevelImpl {
 public:
  SkipDownLevelImpl(const LevelShape& shape, const BlockOptions& options);
  void forward(Flow& flow, const TimeVectors& time, const BlockRunner& runner) override;

 private:
  ResnetBlock resnet_down{nullptr};
  torch::nn::Conv2d skip_conv{nullptr};
};
TORCH_MODULE(SkipDownLevel);

// As UpLevel; the flow's image, where there is one, is doubled first, and where the level ends at twice the resolution
// a projection of its features is added.
class SkipUpLevelImpl : public LevelImpl {
 public:
  SkipUpLevelImpl(const LevelShape& shape, const BlockOptions& options);
  void forward(Flow& flow, const TimeVectors& time, const BlockRunner& runner) override;

 private:
  ResnetBlock resnet_up{nullptr};
  GroupNorm skip_norm{nullptr};
  torch::nn::Conv2d skip_conv{nullptr};
};
TORCH_MODULE(SkipUpLevel);

}  // namespace ctforge::nets
