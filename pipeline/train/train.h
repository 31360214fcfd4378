// The train stage: an autoencoder of CT and mask together, then a class-conditional diffusion model of its latents.
#pragma once

#include "pipeline/config/fields.h"
#include "pipeline/config/model.h"
#include "pipeline/run/context.h"
#include "pipeline/train/train_sections.h"

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

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
    visit("bound_patches", bound_patches,
          "learned_variance: validation patches, spread over all of them, of which the whole variational bound is "
          "reported "
          "at the end, which takes a thousand evaluations of the network each; 0: none. In bits a dimension of what is "
          "diffused, coded as if it had 256 values: it compares trainings on the same data, and is no likelihood of CT",
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
