// Another run's generator, which training begins with: train.from.
#pragma once

#include "models/nets/autoencoder.h"
#include "pipeline/run/context.h"
#include "pipeline/sample/generator.h"
#include "pipeline/sample/generator_record.h"
#include "pipeline/train/train.h"

#include <optional>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

struct Origin {
  Generator generator;
  nets::Autoencoder autoencoder{nullptr};  // empty where the codec is the identity
};

// Nothing where train.from is empty. Throws io::DataError when there is no good generator, ConfigError when it was
// trained on patches of another kind (size, classes, labels, spacing, window) than `record` describes, with another
// codec, or by the run itself, and where its weights or its guidance are asked for but mean something else.
std::optional<Origin> find_origin(const TrainConfig& config, const Context& context, const GeneratorRecord& record);

// Whether train.from and train.pairs hold others than a training with this summary began with. False where they are out
// of reach.
bool origin_has_changed(const TrainConfig& config, const nlohmann::ordered_json& summary);

}  // namespace ctforge::pipeline
