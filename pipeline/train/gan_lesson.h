// What a step of a GAN's training minimises: the non-saturating loss of both networks (Goodfellow et al. 2014, section
// 3) with R1, the penalty of the discriminator's gradient at real samples (Mescheder et al. 2018, eq. 9).
#pragma once

#include "models/nets/gan.h"
#include "models/train/data_order.h"
#include "models/train/trainer.h"
#include "pipeline/config/model.h"
#include "pipeline/train/train.h"
#include "pipeline/train/train_lesson.h"

#include <cstdint>

#include <nlohmann/json.hpp>
#include <torch/nn/module.h>
#include <torch/types.h>

namespace ctforge::pipeline {

// Both networks, whose parameters are named generator.* and discriminator.*.
class PlayersImpl : public torch::nn::Module {
 public:
  explicit PlayersImpl(const nets::GanConfig& config);
  nets::GanGenerator generator{nullptr};
  nets::GanDiscriminator discriminator{nullptr};
};
TORCH_MODULE(Players);

// Tensors of a checkpoint's average or weights that are the generator's, under its own names.
nets::NamedTensors generator_tensors(const nets::NamedTensors& tensors);

class GanLesson {
 public:
  // All that is given by reference must outlive the lesson. pixels: channel 0 is an image.
  GanLesson(const ModelConfig& model, const TrainConfig& config, const DiffusionData& data, Players players,
            bool pixels, torch::Device device, std::uint64_t seed);

  // Both losses in one: neither network's reaches the other's weights, so that one step of the optimiser is a step of
  // both at once.
  torch::Tensor step(const train::StepInput& input);
  // Of the last step, for the log.
  nlohmann::ordered_json figures() const;

 private:
  torch::Tensor penalty(const torch::Tensor& real, const torch::Tensor& labels);

  const GanTraining& options_;
  const TrainConfig& config_;
  const DiffusionData& data_;
  Players players_;
  bool pixels_;
  torch::Device device_;
  train::DataOrder order_;
  // Kept as tensors: reading one would hold up a GPU at every step.
  torch::Tensor generator_loss_, discriminator_loss_, real_score_, fake_score_, penalty_;
};

}  // namespace ctforge::pipeline
