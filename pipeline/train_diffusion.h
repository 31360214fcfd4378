// The second phase of training: a class-conditional U-Net that denoises what the codec yields.
#pragma once

#include "models/nets/unet.h"
#include "pipeline/context.h"
#include "pipeline/generator_record.h"
#include "pipeline/train.h"
#include "pipeline/train_data.h"
#include "pipeline/train_metrics.h"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <torch/types.h>

namespace ctforge::pipeline {

// What is diffused, whatever codec made it.
struct DiffusionData {
  // x_0 of these training patches, [n,C,h,w] float32 on the CPU, drawn with the generator where the codec is random.
  std::function<torch::Tensor(const std::vector<std::int64_t>& items, torch::Generator& generator)> draw;
  std::vector<std::int32_t> classes;  // of each training patch
  torch::Tensor validation;           // [V,C,h,w] float32; undefined: no validation
  torch::Tensor validation_labels;    // [V] int64
};

// The network for latents of that shape. Throws ConfigError where none can be made.
nets::UNetConfig unet_config(const TrainConfig& config, const std::array<std::int64_t, 3>& latent_shape,
                             std::int64_t classes);

// Class labels with each replaced by no_class with that probability: what guidance needs.
torch::Tensor drop_labels(const torch::Tensor& labels, double probability, std::int64_t no_class,
                          torch::Generator& generator);

// Trains, or goes on, or finds it done; exports checkpoints/unet/. The record goes into each checkpoint. Returns the
// summary. Throws as run_train does.
nlohmann::ordered_json train_diffusion(const TrainConfig& config, const Context& context, const GeneratorRecord& record,
                                       const DiffusionData& data, const std::string& data_sha256,
                                       const MetricsLog& metrics);

}  // namespace ctforge::pipeline
