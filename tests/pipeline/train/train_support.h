// A small data set of two kinds of patches, and settings with which training takes a second.
#pragma once

#include "io/file/random.h"
#include "io/file/shard.h"
#include "pipeline/train/train.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace ctforge::pipeline::support {

// Class "dark": -600 HU; class "bright": 600 HU; both with a square organ of the opposite sign, label 1, and noise.
// Four patches a patient, in one series; in the first `partly` patients the organ was not contoured.
inline void write_patches(const std::filesystem::path& folder, const std::string& prefix, std::int64_t count,
                          std::int64_t size = 16, std::int64_t partly = 0) {
  io::ShardInfo info;
  info.height = info.width = size;
  info.classes = {"dark", "bright"};
  info.labels = {"background", "organ"};
  info.spacing_mm = {2, 2, 3};
  io::ShardWriter writer(folder, prefix, info);
  io::Random random(static_cast<std::uint64_t>(prefix.size()));
  for (std::int64_t i = 0; i < count; ++i) {
    io::Patch patch;
    patch.class_index = static_cast<std::int32_t>(i % 2);
    patch.patient = prefix + std::to_string(i / 4);
    patch.series = patch.patient + "s";
    if (i % 4 == 0 && i / 4 < partly) writer.set_contoured(patch.series, {});
    const double ground = patch.class_index == 0 ? -600 : 600;
    const std::int64_t corner = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(size / 2)));
    for (std::int64_t y = 0; y < size; ++y) {
      for (std::int64_t x = 0; x < size; ++x) {
        const bool organ = y >= corner && y < corner + size / 4 && x >= corner && x < corner + size / 4;
        patch.hu.push_back(static_cast<std::int16_t>(random.normal(organ ? -ground : ground, 20)));
        patch.mask.push_back(organ ? 1 : 0);
      }
    }
    writer.add(patch);
  }
  writer.finish();
}

inline TrainConfig small_config() {
  TrainConfig config;
  config.steps = 8;
  config.batch = 4;
  config.warmup = 2;
  config.log_every = 2;
  config.validate_every = 4;
  config.checkpoint_every = 3;
  config.ema_half_life = 4;
  config.autoencoder.steps = 8;
  config.autoencoder.batch = 4;
  config.autoencoder.warmup = 2;
  config.autoencoder.channels = {8, 8};
  config.autoencoder.latent_channels = 2;
  config.autoencoder.norm_groups = 4;
  config.autoencoder.jitter = 1;
  config.unet.channels = {16, 16};
  config.unet.attention = {0, 1};
  config.unet.layers_per_block = 1;
  config.unet.head_dim = 8;
  config.unet.norm_groups = 4;
  return config;
}

// Eight training patches in the folder and a generator trained on them, for what works with a finished one.
inline Context trained_in(const std::filesystem::path& folder, TrainConfig config = small_config(),
                          std::int64_t steps = 2) {
  write_patches(folder / "data", "train", 8);
  Context context;
  context.out = folder;
  config.steps = config.autoencoder.steps = steps;
  run_train(config, context);
  return context;
}

}  // namespace ctforge::pipeline::support
