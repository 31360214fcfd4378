// The train stage: an autoencoder of CT and mask together, then a class-conditional diffusion model of its latents.
#pragma once

#include "pipeline/config/fields.h"
#include "pipeline/config/model.h"
#include "pipeline/run/context.h"

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

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

// Section `train`.
struct TrainConfig {
  std::string codec = "autoencoder";
  std::int64_t seed = 0;
  std::string from;
  bool from_weights = true;
  std::string pairs;
  std::string method = "edm";
  std::string betas = "cosine";
  std::vector<double> beta_limits;
  bool zero_terminal_snr = false;
  std::string target = "auto";
  bool learned_variance = false;
  double bound_weight = 0.001;
  std::int64_t bound_patches = 16;
  std::string loss = "l2";
  double huber_delta = 1;
  std::string weighting = "auto";
  double min_snr_gamma = 5;
  bool uncertainty = false;
  std::string times = "auto";
  std::int64_t steps = 5000;
  std::int64_t batch = 32;
  std::int64_t accumulate = 1;
  double learning_rate = 5e-4;
  double learning_rate_last = 0;
  std::int64_t warmup = 200;
  std::string schedule = "inverse_sqrt";
  std::int64_t schedule_reference = 2000;
  double weight_decay = 0;
  double beta1 = 0.9, beta2 = 0.99;
  double clip_norm = 1;
  double ema_half_life = 1000;
  double ema_ramp = 0.05;
  std::vector<double> ema_lengths;
  std::int64_t ema_snapshots = 16;
  double noise_mean = -0.4, noise_deviation = 1.2;
  double logit_mean = 0, logit_deviation = 1;
  double label_dropout = 0.1;
  double class_weighting = 0.5;
  std::string partly_contoured = "include";
  std::int64_t jitter = 0;
  std::string precision = "bf16";
  bool channels_last = true;
  bool gradient_checkpointing = false;
  std::int64_t checkpoint_every = 500;
  double checkpoint_every_s = 300;
  std::int64_t keep_checkpoints = 2;
  std::int64_t log_every = 25;
  std::int64_t validate_every = 500;
  double time_limit_min = 0;
  AutoencoderTraining autoencoder;
  UNetTraining unet;
  ConsistencyTraining consistency;
  AugmentTraining augment;
  std::int64_t keep_every = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("codec", codec, "what is diffused: latents of an autoencoder, or pixels with the mask as analog bits",
          OneOf{{"autoencoder", "identity"}});
    visit("seed", seed, "seed of the training; 0: derived from run.seed", Range{0, 9e15});
    visit(
        "from", from,
        "folder of another run whose generator this one begins with: its autoencoder, which is not trained again, and "
        "its weights");
    visit("from_weights", from_weights, "from: begin with its weights too; false: with its autoencoder alone");
    visit("pairs", pairs,
          "folder of samples that the generator in train.from drew with sample.pairs: learn these pairs of noise and "
          "sample (reflow, Liu et al. 2023) instead of data with any noise");
    visit("method", method,
          "edm: Karras et al. 2022; ddpm: variance preserving, Ho et al. 2020; rectified_flow: Liu et al. 2023; "
          "consistency: Song et al. 2023, sampled in a step or two",
          OneOf{{"edm", "ddpm", "rectified_flow", "consistency"}});
    visit("betas", betas, "method ddpm: how noise grows over its 1000 steps",
          OneOf{{"linear", "scaled_linear", "cosine", "raised_cosine", "sigmoid"}});
    visit("beta_limits", beta_limits,
          "betas other than cosine: their first and last value, raised_cosine: the greatest alone; empty: those of the "
          "papers, 1e-4, 0.02 (scaled_linear: 0.00085, 0.012; raised_cosine: 0.02)",
          Range{1e-9, 0.999999});
    visit("zero_terminal_snr", zero_terminal_snr, "method ddpm: rescaled so that the last step holds no signal");
    visit("target", target,
          "what the network predicts; auto: edm, velocity and flow under edm, ddpm and rectified_flow",
          OneOf{{"auto", "noise", "data", "velocity", "edm", "flow"}});
    visit("learned_variance", learned_variance,
          "method ddpm: the network learns the variance of an ancestral step too (Nichol and Dhariwal 2021)");
    visit("bound_weight", bound_weight, "learned_variance: factor of the variational bound, in bits a dimension",
          Range{0, 1e3});
    visit(
        "bound_patches", bound_patches,
        "learned_variance: validation patches of which the whole variational bound is reported at the end, which takes "
        "a thousand evaluations of the network each; 0: none",
        Range{0, 1e6});
    visit("loss", loss,
          "what is averaged of the network's errors: squares, absolute values, or the one below the other",
          OneOf{{"l2", "l1", "huber"}});
    visit("huber_delta", huber_delta, "loss huber: error above which it is linear", Range{1e-6, 1e6});
    visit("weighting", weighting,
          "of noise levels; unit: of the network's own error; auto: edm for method edm, else unit",
          OneOf{{"auto", "edm", "unit", "min_snr"}});
    visit("min_snr_gamma", min_snr_gamma, "weighting min_snr: greatest weight of the error of the clean sample",
          Range{1e-3, 1e6});
    visit("uncertainty", uncertainty,
          "learn how large the error is at each noise level, and weigh all levels alike (Karras et al. 2024)");
    visit("times", times,
          "noise levels drawn; u_shaped: both ends more often, for reflow; noisiest: the last alone, which makes a "
          "network that samples in one step; auto: uniform for method ddpm, else lognormal",
          OneOf{{"auto", "lognormal", "uniform", "u_shaped", "noisiest"}});
    visit("steps", steps, "optimiser steps of the diffusion model", Range{1, 1e9});
    visit("batch", batch, "patches a step", Range{1, 65536});
    visit("accumulate", accumulate, "batches whose gradients are averaged into one step", Range{1, 4096});
    visit("learning_rate", learning_rate, "peak learning rate of AdamW", Range{0, 1});
    visit("warmup", warmup, "steps of linear warm-up", Range{0, 1e9});
    visit("learning_rate_last", learning_rate_last, "schedule cosine: the learning rate that it ends with",
          Range{0, 1});
    visit("schedule", schedule, "learning rate after the warm-up", OneOf{{"constant", "cosine", "inverse_sqrt"}});
    visit("schedule_reference", schedule_reference, "inverse_sqrt: step at which the decay begins", Range{1, 1e9});
    visit("weight_decay", weight_decay, "decoupled weight decay", Range{0, 1});
    visit("beta1", beta1, "decay of AdamW's first moment", Range{0, 0.9999});
    visit("beta2", beta2, "decay of AdamW's second moment", Range{0, 0.99999});
    visit("clip_norm", clip_norm, "largest global gradient norm; 0: not clipped", Range{0, 1e6});
    visit("ema_half_life", ema_half_life, "half life of the averaged weights, steps", Range{1, 1e9});
    visit("ema_ramp", ema_ramp, "the half life is at most this part of the steps so far; 0: no ramp", Range{0, 1});
    visit("ema_lengths", ema_lengths,
          "further averages of the weights over this part of the training, as 0.05, 0.1, from which sample.ema_length "
          "makes one of any length (Karras et al. 2024)",
          Range{1e-3, 0.288});
    visit("ema_snapshots", ema_snapshots, "ema_lengths: how many times during training they are put aside",
          Range{1, 1024});
    visit("noise_mean", noise_mean, "times lognormal: mean of the logarithm of noise over signal", Range{-10, 10});
    visit("noise_deviation", noise_deviation,
          "times lognormal: standard deviation of the logarithm of noise over signal", Range{0.01, 10});
    visit("logit_mean", logit_mean, "method rectified_flow, times lognormal: instead of noise_mean, mean of logit(t)",
          Range{-10, 10});
    visit("logit_deviation", logit_deviation,
          "method rectified_flow, times lognormal: instead of noise_deviation, standard deviation of logit(t)",
          Range{0.01, 10});
    visit("label_dropout", label_dropout, "part of the patches trained without their class, for guidance", Range{0, 1});
    visit("class_weighting", class_weighting,
          "how often a class is drawn: its frequency to the power 1 - this (0: as it comes, 1: all alike)",
          Range{0, 1});
    visit("partly_contoured", partly_contoured,
          "series whose label maps lack a label: learned as they are, which is right where the organ lies outside the "
          "scan, or left out, which is right where it was not contoured",
          OneOf{{"include", "exclude"}});
    visit("jitter", jitter, "random shift of each patch in x and y, pixels; codec identity only", Range{0, 64});
    visit("precision", precision, "arithmetic of the networks", OneOf{{"bf16", "fp32", "fp16"}});
    visit("channels_last", channels_last, "memory layout of features: channels innermost");
    visit("gradient_checkpointing", gradient_checkpointing,
          "compute the U-Net's blocks again on the way back instead of keeping them: less memory, more time, same "
          "result");
    visit("checkpoint_every", checkpoint_every, "steps between checkpoints; 0: by time alone", Range{0, 1e9});
    visit("checkpoint_every_s", checkpoint_every_s, "also after this long, seconds; 0: by steps alone", Range{0, 1e6});
    visit("keep_checkpoints", keep_checkpoints, "newest checkpoints that are kept", Range{1, 1000});
    visit("keep_every", keep_every,
          "steps between checkpoints of the diffusion model that are kept for good; 0: none are", Range{0, 1e9});
    visit("log_every", log_every, "steps between lines of metrics.jsonl", Range{1, 1e9});
    visit("validate_every", validate_every, "steps between validations; 0: none", Range{0, 1e9});
    visit("time_limit_min", time_limit_min,
          "stop the diffusion model's training, done, after this long; 0: no limit, minutes", Range{0, 1e6});
    visit.section("autoencoder", autoencoder);
    visit.section("unet", unet);
    visit.section("consistency", consistency);
    visit.section("augment", augment);
  }
};

// Reads OUT/data/train-* (and validation-* where present); writes OUT/checkpoints/ and OUT/metrics.jsonl.
//
//   checkpoints/autoencoder-*.safetensors  training state of the autoencoder
//   checkpoints/autoencoder/               its averaged weights, loadable with diffusers' AutoencoderKL
//   checkpoints/latents.safetensors        moments of every training patch (a cache, made again when it does not fit)
//   checkpoints/generator-*.safetensors    training state of the diffusion model
//   checkpoints/unet/                      its averaged weights, loadable with diffusers' UNet2DModel
//   checkpoints/averages/                  averages of other lengths during training, where asked for
//
// Goes on from the newest good checkpoint; the summary names damaged ones. Throws Interrupted after a checkpoint,
// io::DataError for unusable data or checkpoints of another configuration or other data, ConfigError for networks that
// do not fit the patches, train::Diverged when a loss is not finite. Returns the figures for the manifest.
nlohmann::ordered_json run_train(const TrainConfig& config, const Context& context, const ModelConfig& model = {});

}  // namespace ctforge::pipeline
