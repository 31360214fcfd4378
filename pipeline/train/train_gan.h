// The second phase of training where model.kind is gan: generator and discriminator against each other.
#pragma once

#include "models/nets/gan.h"
#include "pipeline/config/model.h"
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

// Throws ConfigError, naming all of them, for what section train asks of a diffusion model where kind is gan. How a
// diffusion model learns is not used then: one configuration may serve both kinds.
void check_model(const ModelConfig& model, const TrainConfig& config);

// The networks for what is generated, of that shape. Throws ConfigError where none can be made.
nets::GanConfig gan_config(const ModelConfig& model, const std::array<std::int64_t, 3>& shape, std::int64_t classes,
                           bool pixels);

// Trains, or goes on, or finds it done. The record goes into each checkpoint, whose averaged weights samples are drawn
// with. data_sha256: of all that is learned from. Returns the summary. Throws as run_train does.
nlohmann::ordered_json train_gan(const ModelConfig& model, const TrainConfig& config, const Context& context,
                                 const GeneratorRecord& record, const DiffusionData& data,
                                 const std::string& data_sha256, const MetricsLog& metrics);

}  // namespace ctforge::pipeline
