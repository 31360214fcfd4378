// One resolution level of the U-Net or the autoencoder, with the parameter names of diffusers' DownBlock2D,
// AttnDownBlock2D, ResnetDownsampleBlock2D, DownEncoderBlock2D, AttnDownEncoderBlock2D and their counterparts on the
// way up.
#pragma once

#include "models/nets/blocks.h"

#include <cstdint>
#include <vector>

#include <torch/nn/modules/container/modulelist.h>

namespace ctforge::nets {

// How a level ends.
enum class Resampling {
  None,
  Convolution,  // Downsample, Upsample
  Resnet,       // a residual block that resamples inside
  Filter,       // binomial: as levels of the other kinds do it
};

struct LevelShape {
  std::vector<ResnetShape> resnets;        // in order; channels of skip connections count as input
  std::vector<AttentionShape> attentions;  // none, one after each residual block, or one after the last
  Resampling resampling = Resampling::None;
  ResnetShape resampler;                // of Convolution: in_channels alone is used
  std::int64_t downsample_padding = 1;  // of Downsample
  bool skips = true;                    // connections from the way down to the way up
};

// What goes through the levels.
struct Flow {
  torch::Tensor hidden;              // [N,C,H,W]
  std::vector<torch::Tensor> skips;  // what the way up will join; one may be undefined
  torch::Tensor image;               // [N,3,H,W] of SkipDownLevel and SkipUpLevel
};

// The embedded time, each [N,time_channels]; undefined without time.
struct TimeVectors {
  torch::Tensor plain, activated;
};

class LevelImpl : public torch::nn::Module {
 public:
  virtual void forward(Flow& flow, const TimeVectors& time, const BlockRunner& runner) = 0;

 protected:
  // Makes each residual block and then the attention after it; either may be of any kind.
  template <class Resnet, class Attend>
  void make_steps(const LevelShape& shape, const BlockOptions& options) {
    if (!shape.attentions.empty()) register_module("attentions", attentions);
    register_module("resnets", resnets);
    const std::size_t plain = shape.resnets.size() - shape.attentions.size();  // blocks without attention come first
    for (std::size_t i = 0; i < shape.resnets.size(); ++i) {
      resnets->push_back(Resnet(shape.resnets[i], options));
      if (i >= plain) attentions->push_back(Attend(shape.attentions[i - plain], options));
    }
  }
  // Residual block i and the attention after it of inputs {x, time} or {x, time, what is joined to x first}.
  torch::Tensor run_step(std::size_t i, const std::vector<torch::Tensor>& inputs, const BlockRunner& runner);

  torch::nn::ModuleList resnets, attentions;
};

// Residual blocks, attention after each where wanted, then half the resolution where wanted. Every intermediate is
// appended to the flow's skips.
class DownLevelImpl : public LevelImpl {
 public:
  DownLevelImpl(const LevelShape& shape, const BlockOptions& options);
  void forward(Flow& flow, const TimeVectors& time, const BlockRunner& runner) override;

 private:
  Resampling resampling_;
  bool skips_;
  torch::nn::ModuleList downsamplers;
};
TORCH_MODULE(DownLevel);

// Residual blocks, attention after each where wanted, then twice the resolution where wanted. Each residual block takes
// the last of the flow's skips beside its input.
class UpLevelImpl : public LevelImpl {
 public:
  UpLevelImpl(const LevelShape& shape, const BlockOptions& options);
  void forward(Flow& flow, const TimeVectors& time, const BlockRunner& runner) override;

 private:
  Resampling resampling_;
  bool skips_;
  torch::nn::ModuleList upsamplers;
};
TORCH_MODULE(UpLevel);

// The last of the skips, removed from them.
torch::Tensor taken_skip(Flow& flow);

}  // namespace ctforge::nets
