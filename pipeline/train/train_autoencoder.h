// The first phase of training: an autoencoder of CT and mask together.
#pragma once

#include "models/nets/autoencoder.h"
#include "pipeline/run/context.h"
#include "pipeline/train/train.h"
#include "pipeline/train/train_data.h"
#include "pipeline/train/train_metrics.h"

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <torch/types.h>

namespace ctforge::pipeline {

// The network for patches of that size and those labels. Throws ConfigError where none can be made.
nets::AutoencoderConfig autoencoder_config(const AutoencoderTraining& config, const io::ShardInfo& patches);

// Cross-entropy weight of each label: frequency^-tempering, scaled so that an average pixel weighs 1; labels that do
// not occur weigh 1.
std::vector<double> label_weights(const std::vector<double>& frequencies, double tempering);

struct AutoencoderLoss {
  torch::Tensor total;  // scalar float32 with gradient
  // Unweighted parts, scalar float32, detached: mean absolute error of the CT on its [-1,1] scale (none where CT and
  // output lie at or beyond the same end of it), that of differences between neighbours, cross-entropy (nats a pixel),
  // 1 - soft Dice over the labels present, divergence (nats an element).
  torch::Tensor l1, gradient, cross_entropy, dice, kl;
};

// image [N,1,H,W] float32, mask [N,H,W] uint8, output [N,1+labels,H,W] of the decoder, weights [labels] float32. In a
// group these are a process's share of a batch, whose Dice is that of all shares.
AutoencoderLoss autoencoder_loss(const AutoencoderTraining& config, const torch::Tensor& image,
                                 const torch::Tensor& mask, const torch::Tensor& output, const nets::Moments& moments,
                                 const torch::Tensor& weights, train::Group* group = nullptr);

// Whether two trainings on the same data, in runs of the same seed, come to the same autoencoder.
bool trains_same_autoencoder(const TrainConfig& a, const TrainConfig& b);

struct TrainedAutoencoder {
  nets::Autoencoder net{nullptr};  // averaged weights, on the device, in eval mode
  nlohmann::ordered_json summary;
};

// Trains, or goes on, or finds it done; exports checkpoints/autoencoder/. `validation` may be null. data_sha256 tells
// which data it is. Throws as run_train does.
TrainedAutoencoder train_autoencoder(const TrainConfig& config, const Context& context, const PatchTensors& patches,
                                     const PatchTensors* validation, const std::string& data_sha256,
                                     const MetricsLog& metrics);

}  // namespace ctforge::pipeline
