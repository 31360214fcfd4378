// Training a segmentation network on patches of one or more sources, and predicting with it.
//
// Every batch holds a fixed share of each source. AdamW, linear warm-up, polynomial decay to zero at the last step.
#pragma once

#include "eval/augment.h"
#include "eval/patch_sampler.h"
#include "eval/patch_set.h"
#include "models/nets/segmenter.h"
#include "models/train/checkpoint.h"
#include "models/train/precision.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <torch/types.h>

namespace ctforge::eval {

struct SegmentationOptions {
  std::int64_t steps = 1500;
  std::int64_t batch = 32;
  double learning_rate = 5e-3;  // at the end of the warm-up
  double weight_decay = 1e-2;   // decoupled
  std::int64_t warmup = 50;     // steps
  double decay_power = 0.9;
  double clip_norm = 12;
  double foreground_share = 0.5;
  std::vector<std::int64_t> channels = {16, 32, 64, 128};
  std::int64_t validate_every = 250;  // steps; three quarters of the steps and the last one are always validated
  train::Precision precision = train::Precision::Bf16;
  torch::Device device = torch::kCPU;
  Augmentation augmentation;
};

struct CurvePoint {
  std::int64_t step = 0;
  double training_loss = 0;             // mean since the point before
  double validation_loss = 0;           // not a number without validation patients
  std::vector<double> validation_dice;  // [labels], mean over patients; not a number where not scored
};

struct TrainedSegmenter {
  nets::Segmenter net{nullptr};  // in eval() mode
  std::vector<CurvePoint> curve;
  double patches_per_second = 0;  // of training, without validation
};

struct SegmentationHooks {
  std::function<void(std::int64_t step)> after_step = [](std::int64_t) {};  // steps done; may throw to stop
  // Where an unfinished training is kept and gone on with, bit for bit; nothing: nowhere.
  std::optional<train::CheckpointStore> store;
  std::string identity;                               // of all that it learns from: one of another is not gone on with
  std::function<bool()> save = [] { return false; };  // asked after each step, before after_step
};

// The loss ceased to be finite at a step: the learning rate is too high.
struct Diverged : std::runtime_error {
  explicit Diverged(std::int64_t at);
  std::int64_t step;
};

// Deterministic in seed on one machine and number of threads. Throws std::invalid_argument for options or sources that
// do not fit, and Diverged.
TrainedSegmenter train_segmenter(std::span<const Source> sources, const PatchSet& validation,
                                 const SegmentationOptions& options, std::uint64_t seed,
                                 const SegmentationHooks& hooks = {});

// The most probable label of every pixel: [N,H,W] uint8.
torch::Tensor predict(nets::Segmenter& net, const PatchSet& set, const SegmentationOptions& options);

}  // namespace ctforge::eval
