// The sections below `train` of the configuration.
#pragma once

#include "pipeline/config/fields.h"

#include <cstdint>
#include <vector>

namespace ctforge::pipeline {

// Section `train.autoencoder`; used when train.codec is "autoencoder".
struct AutoencoderTraining {
  // Small batches: on 64x64 patches four times the steps with a quarter of the batch, the same work, gave 17 % less
  // error on patients it had not seen.
  std::int64_t steps = 10000;
  std::int64_t batch = 4;
  double learning_rate = 1e-3;
  std::int64_t warmup = 200;
  std::vector<std::int64_t> channels = {32, 64, 64};
  std::int64_t latent_channels = 4;
  std::int64_t layers_per_block = 1;
  std::int64_t norm_groups = 16;
  bool mid_attention = true;
  double gradient_weight = 1;
  double mask_weight = 0.2;
  double dice_weight = 0.2;
  double kl_weight = 1e-4;
  double mask_tempering = 0.5;
  double perceptual_weight = 0;
  double adversarial_weight = 0;
  std::int64_t adversarial_start = 5000;
  std::int64_t adversarial_channels = 32;
  std::int64_t jitter = 0;
  double ema_half_life = 200;
  double time_limit_min = 0;
  std::int64_t tile = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("steps", steps, "optimiser steps", Range{1, 1e9});
    visit("batch", batch, "patches a step", Range{1, 65536});
    visit("learning_rate", learning_rate, "peak learning rate of AdamW, which falls to zero along half a cosine",
          Range{0, 1});
    visit("warmup", warmup, "steps of linear warm-up", Range{0, 1e9});
    visit("channels", channels,
          "feature channels of each level; each level after the first halves the resolution (three: latents at 1/4)",
          Range{1, 4096});
    visit("latent_channels", latent_channels, "channels of the latents", Range{1, 256});
    visit("layers_per_block", layers_per_block, "residual blocks a level", Range{1, 16});
    visit("norm_groups", norm_groups, "groups of each group normalisation; divides every number of channels",
          Range{1, 256});
    visit("mid_attention", mid_attention, "self-attention at the lowest resolution");
    visit("gradient_weight", gradient_weight, "weight of the L1 loss on the CT's differences between neighbours",
          Range{0, 1e3});
    visit("mask_weight", mask_weight, "weight of the mask's cross-entropy", Range{0, 1e3});
    visit("dice_weight", dice_weight, "weight of the mask's soft Dice loss", Range{0, 1e3});
    visit("kl_weight", kl_weight, "weight of the Kullback-Leibler divergence, a latent element", Range{0, 1e3});
    visit("mask_tempering", mask_tempering,
          "cross-entropy weight of a label: its frequency to minus this power (0: alike, 1: inverse frequency)",
          Range{0, 1});
    visit("perceptual_weight", perceptual_weight,
          "weight of the distance of EfficientNet-Lite0's features, whose FD-Lite0 flatters the result; 0: without",
          Range{0, 1e3});
    visit("adversarial_weight", adversarial_weight,
          "weight of a discriminator of CT patches, relative to the other losses' pull; 0: without", Range{0, 1e3});
    visit("adversarial_start", adversarial_start, "step from which the discriminator learns and is heard",
          Range{0, 1e9});
    visit("adversarial_channels", adversarial_channels, "feature channels of the discriminator, a multiple of 8",
          Range{8, 512});
    visit("jitter", jitter, "random shift of each patch in x and y, at most this many pixels", Range{0, 64});
    visit("ema_half_life", ema_half_life, "half life of the averaged weights, steps", Range{1, 1e9});
    visit("time_limit_min", time_limit_min, "stop, done, after this much training; 0: no limit, minutes",
          Range{0, 1e6});
    visit("tile", tile,
          "encode and decode larger patches in overlapping tiles of so many latent pixels, to bound memory; 0: whole",
          Range{0, 4096});
  }
};

// Section `train.unet`.
struct UNetTraining {
  std::vector<std::int64_t> channels = {64, 128, 192};
  std::vector<std::int64_t> attention = {0, 1, 1};
  std::int64_t layers_per_block = 2;
  std::int64_t head_dim = 64;
  std::int64_t norm_groups = 32;
  double dropout = 0.1;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("channels", channels, "feature channels of each level; each level after the first halves the resolution",
          Range{1, 4096});
    visit("attention", attention, "1 for each level that has self-attention, else 0", Range{0, 1});
    visit("layers_per_block", layers_per_block, "residual blocks a level", Range{1, 16});
    visit("head_dim", head_dim, "channels of an attention head", Range{1, 1024});
    visit("norm_groups", norm_groups, "groups of each group normalisation; divides every number of channels",
          Range{1, 256});
    visit("dropout", dropout, "probability that a feature is dropped in training", Range{0, 0.9});
  }
};

// Section `train.consistency`; used by method consistency.
struct ConsistencyTraining {
  bool distil = false;
  double teacher_guidance = 1;
  std::int64_t stages = 8;
  double base = 2;
  double noise_mean = -1.1, noise_deviation = 2;
  double huber = 0.00054;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("distil", distil,
          "learn from steps of the generator in train.from (Song et al. 2023), not from data alone (Geng et al. 2024)");
    visit("teacher_guidance", teacher_guidance, "distil: strength of classifier-free guidance of the teacher; 1: none",
          Range{0, 100});
    visit("stages", stages, "times during training that the two points of a trajectory come nearer to one another",
          Range{1, 64});
    visit("base", base, "factor by which they come nearer", Range{1.01, 64});
    visit("noise_mean", noise_mean, "mean of the logarithm of the noisier point's noise level", Range{-10, 10});
    visit("noise_deviation", noise_deviation, "standard deviation of that logarithm", Range{0.01, 10});
    visit("huber", huber, "constant of the pseudo-Huber distance, an element; 0: Euclidean distance", Range{0, 1e3});
  }
};

// Section `train.augment`. No flips: left and right are not alike in a patient.
struct AugmentTraining {
  double probability = 0;
  std::int64_t copies = 4;
  double rotation_degrees = 15;
  double log_scale = 0.1;
  double log_aspect = 0.1;
  double translation = 0.05;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability,
          "that a training patch is rotated, scaled, stretched or moved, each on its own, and the network told how; "
          "samples are drawn without; 0: never",
          Range{0, 1});
    visit("copies", copies, "codec autoencoder: moved copies of every patch whose latents are kept", Range{1, 256});
    visit("rotation_degrees", rotation_degrees, "largest rotation to either side, degrees", Range{0, 180});
    visit("log_scale", log_scale, "standard deviation of the logarithm of the scale", Range{0, 1});
    visit("log_aspect", log_aspect, "standard deviation of the logarithm of the stretch along any direction",
          Range{0, 1});
    visit("translation", translation, "standard deviation of the shift in x and y, part of the edge", Range{0, 0.5});
  }
};

}  // namespace ctforge::pipeline
