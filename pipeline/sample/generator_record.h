// What a generator's checkpoint says of itself besides its weights.
#pragma once

#include "io/file/shard.h"
#include "models/diffusion/precond.h"
#include "models/nets/gan.h"
#include "models/nets/unet.h"
#include "pipeline/train/train_method.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// Metadata key of a checkpoint under which the record's JSON text lies.
inline constexpr const char* kGeneratorRecord = "generator";

struct GeneratorRecord {
  std::string codec;                              // "autoencoder" or "identity"
  Method method;                                  // what the network learned, on which path
  double sigma_data = 1;                          // standard deviation of x_0, measured
  std::vector<double> shift, scale;               // of each latent channel, measured; empty for the identity
  std::array<std::int64_t, 3> latent_shape = {};  // [C,h,w]
  std::int64_t tile = 0;               // latent pixels of the tiles in which patches are encoded and decoded; 0: whole
  nets::UNetConfig unet;               // of a diffusion model
  std::optional<nets::GanConfig> gan;  // of a GAN, which has no U-Net
  std::string autoencoder_sha256;      // weights_sha256 of the autoencoder; empty for the identity
  std::string train_sha256;            // split_sha256 of the training set
  io::ShardInfo patches;               // without patients
  std::string config;                  // JSON text of the train section
  bool bf16 = false;                   // trained under bf16 autocast
};

std::string to_json(const GeneratorRecord& record);
// Throws io::DataError(InvalidShard) for text that is no such record.
GeneratorRecord generator_record_from_json(const std::string& text);

// Of its method and measured sigma_data.
diffusion::Parametrisation parametrisation_of(const GeneratorRecord& record);

// SHA-256 over names, shapes and float32 values of a module's parameters and buffers.
std::string weights_sha256(const torch::nn::Module& module);

}  // namespace ctforge::pipeline
