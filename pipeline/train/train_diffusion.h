// The second phase of training: a class-conditional U-Net that denoises what the codec yields.
#pragma once

#include "models/nets/unet.h"
#include "pipeline/run/context.h"
#include "pipeline/sample/generator_record.h"
#include "pipeline/train/train.h"
#include "pipeline/train/train_lesson.h"
#include "pipeline/train/train_metrics.h"

#include <array>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// The network for latents of that shape. Throws ConfigError where none can be made.
nets::UNetConfig unet_config(const TrainConfig& config, const std::array<std::int64_t, 3>& latent_shape,
                             std::int64_t classes);

// Trains, or goes on, or finds it done; exports checkpoints/unet/ and puts averages aside in checkpoints/averages/. The
// record goes into each checkpoint. data_sha256: of all that is learned from. origin: the generator of train.from,
// where there is one. Returns the summary. Throws as run_train does.
nlohmann::ordered_json train_diffusion(const TrainConfig& config, const Context& context, const GeneratorRecord& record,
                                       const DiffusionData& data, const std::string& data_sha256,
                                       const MetricsLog& metrics, const Generator* origin);

}  // namespace ctforge::pipeline
