// What is diffused, made of training patches: pixels, latents or pairs.
#pragma once

#include "pipeline/run/context.h"
#include "pipeline/sample/generator.h"
#include "pipeline/sample/generator_record.h"
#include "pipeline/train/train.h"
#include "pipeline/train/train_autoencoder.h"
#include "pipeline/train/train_data.h"
#include "pipeline/train/train_lesson.h"
#include "pipeline/train/train_pairs.h"

#include <memory>
#include <optional>
#include <string>

namespace ctforge::pipeline {

struct Splits {
  PatchTensors train;
  std::optional<PatchTensors> validation;
  std::string files_sha256;  // of the training set's shards
  std::string train_sha256;  // of what is used of them
};

// Pixels and analog bits; sets the record's latent_shape and sigma_data. config and splits must outlive the data.
DiffusionData pixel_data(const TrainConfig& config, const Splits& splits, GeneratorRecord& record);

// Latents, encoded once and drawn anew, shifted and scaled; sets the record's autoencoder, shift and scale. origin:
// where the autoencoder came from another run, whose measured scale is kept with it.
DiffusionData latent_data(const TrainConfig& config, const Context& context, const Splits& splits,
                          TrainedAutoencoder& trained, const Generator* origin, GeneratorRecord& record);

// Pairs of noise and sample; every twentieth, at most 512, is for validation.
DiffusionData pair_data(const std::shared_ptr<const PairSet>& pairs);

}  // namespace ctforge::pipeline
