// Section `evaluate.downstream`: the segmentation experiment. docs/dice_experiment.md tells its protocol.
#pragma once

#include "pipeline/config/fields.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace ctforge::pipeline {

inline constexpr const char* kBaselineArm = "real";
inline constexpr const char* kSyntheticArm = "real_synthetic";
inline const std::vector<std::string> kArms = {kBaselineArm, kSyntheticArm, "synthetic", "heavy_augmentation",
                                               "oversampled"};

struct DownstreamConfig {
  bool enabled = true;
  std::vector<std::string> arms = {kBaselineArm, kSyntheticArm};
  std::vector<double> fractions = {1};
  std::vector<double> synthetic_shares = {0.5};
  std::vector<double> synthetic_until = {1};
  bool reject_labels = false;
  std::vector<double> learning_rates = {5e-3};
  std::int64_t steps = 1500;
  std::int64_t batch = 32;
  std::int64_t seeds = 3;
  double weight_decay = 1e-2;
  std::vector<std::int64_t> channels = {16, 32, 64, 128};
  std::int64_t validate_every = 250;
  std::string precision = "bf16";
  double surface_tolerance_mm = 2;
  std::int64_t bootstrap = 10000;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("enabled", enabled, "train segmentation networks with and without synthetic patches");
    visit("arms", arms,
          "what networks learn from, real among them, with which the others are compared: real patches; "
          "real_synthetic; synthetic alone; real with heavy_augmentation (the standard one's ranges doubled); real "
          "oversampled (each patch drawn by first choosing an organ, as even as synthetic classes are)",
          OneOf{kArms});
    visit("fractions", fractions,
          "parts of the training patients that the experiment is repeated with, ascending, 1 the last; below 1 the "
          "generator, too, is trained on that part alone, in OUT/fractions/",
          Range{0.001, 1});
    visit("synthetic_shares", synthetic_shares,
          "synthetic part of each batch in the arm real_synthetic; of several the one best on validation patients is "
          "taken",
          Range{0.01, 1});
    visit("synthetic_until", synthetic_until,
          "part of its steps after which real_synthetic takes real patches alone (with a share of 1: learns from "
          "synthetic patches first); of several the one best on validation patients is taken",
          Range{0.01, 1});
    visit("reject_labels", reject_labels,
          "networks see no sample whose labels look like those of no training patient (evaluation/quality.json), at "
          "each fraction judged by its own patients");
    visit("learning_rates", learning_rates,
          "learning rate of AdamW after the warm-up; of several the one best on validation patients is taken, for each "
          "arm",
          Range{1e-8, 1});
    visit("steps", steps, "optimiser steps of each network, in every arm", Range{1, 1e9});
    visit("batch", batch, "patches a step, in every arm", Range{1, 65536});
    visit("seeds", seeds, "networks trained in each arm; a seed's start from the same weights", Range{1, 1000});
    visit("weight_decay", weight_decay, "decoupled weight decay", Range{0, 1});
    visit("channels", channels, "feature channels of each stage; each but the first halves the resolution",
          Range{1, 4096});
    visit("validate_every", validate_every, "steps between points of the validation curve", Range{1, 1e9});
    visit("precision", precision, "arithmetic of the network", OneOf{{"bf16", "fp32"}});
    visit("surface_tolerance_mm", surface_tolerance_mm, "surface Dice: surfaces nearer than this count as the same, mm",
          Range{0, 1000});
    visit("bootstrap", bootstrap, "resamplings of the patients behind each interval", Range{100, 1e7});
  }
};

// What an arm is tried with; share and until have a meaning for real_synthetic alone and are 0 and 1 otherwise.
struct Candidate {
  double learning_rate = 0;
  double synthetic_share = 0;
  double synthetic_until = 1;
  bool operator==(const Candidate&) const = default;
};

// What one network is trained as.
struct DownstreamCell {
  double fraction = 1;
  std::string arm;
  Candidate candidate;
  std::int64_t seed = 0;
};

// Of an arm, in the order of the lists.
std::vector<Candidate> candidates_of(const DownstreamConfig& config, const std::string& arm);
// Whether any arm has more than one.
bool leaves_choice(const DownstreamConfig& config);
// The arms, the baseline first.
std::vector<std::string> arms_of(const DownstreamConfig& config);
bool uses_synthetic(const std::string& arm);
// Every network of the experiment. The whole set comes first, and seeds vary more slowly than arms, so that an early
// stop leaves what can be compared.
std::vector<DownstreamCell> cells_of(const DownstreamConfig& config);
// A number as files and folders are named: "0.2", "1e-05".
std::string number_name(double value);

// Throws ConfigError with all that is wrong with the lists: values twice, no real arm, fractions that do not end with
// 1, shares of which a batch has no patch or as many as of another, and what would do nothing.
void check_downstream(const DownstreamConfig& config);

}  // namespace ctforge::pipeline
