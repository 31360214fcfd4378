// What kind of generator is trained, and the settings of the GAN that a diffusion model is compared with.
#pragma once

#include "pipeline/config/fields.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// Section `model.gan`; used by kind gan.
struct GanTraining {
  std::vector<std::int64_t> channels;
  std::vector<std::int64_t> discriminator_channels;
  std::int64_t style_channels = 128;
  std::int64_t mapping_layers = 2;
  double learning_rate = 2e-3;
  double beta1 = 0, beta2 = 0.99;
  double penalty = 0.05;
  std::int64_t penalty_every = 8;
  bool augment = true;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("channels", channels,
          "feature channels of the generator from the full resolution down, each level half the one before; empty: 64 "
          "(128 on fewer than 32 pixels), then 128 down to 4 pixels",
          Range{1, 4096});
    visit("discriminator_channels", discriminator_channels, "the same of the discriminator; empty: as the generator's",
          Range{1, 4096});
    visit("style_channels", style_channels, "numbers of noise, of a class's vector and of a style", Range{1, 4096});
    visit("mapping_layers", mapping_layers, "layers from noise and class to the style", Range{1, 16});
    visit("learning_rate", learning_rate, "of both networks' AdamW, whose weights are scaled when they are used",
          Range{1e-8, 1});
    visit("beta1", beta1, "decay of AdamW's first moment", Range{0, 0.9999});
    visit("beta2", beta2, "decay of AdamW's second moment", Range{0, 0.99999});
    visit("penalty", penalty, "R1: factor of the discriminator's squared gradient at real patches, halved; 0: without",
          Range{0, 1e4});
    visit("penalty_every", penalty_every, "steps between penalties, which count as many times", Range{1, 1000});
    visit("augment", augment,
          "differentiable augmentation of all that the discriminator sees (Zhao et al. 2020): shifts and cutouts, and "
          "of pixels brightness and contrast");
  }
};

// Section `model`.
struct ModelConfig {
  std::string kind = "diffusion";
  GanTraining gan;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("kind", kind,
          "diffusion: as section train says; gan: a class-conditional style-based GAN of the same latents or pixels, "
          "for comparison, with codec, data, batch, steps, warmup, precision, averages, checkpoints and time limit of "
          "section train",
          OneOf{{"diffusion", "gan"}});
    visit.section("gan", gan);
  }
};

}  // namespace ctforge::pipeline
