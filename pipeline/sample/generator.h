// A trained generator as the sampling stage needs it: network, codec, noise path and what its labels mean.
#pragma once

#include "io/file/shard.h"
#include "models/diffusion/codec.h"
#include "models/diffusion/precond.h"
#include "models/nets/gan.h"
#include "models/nets/unet.h"
#include "pipeline/train/train_method.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

namespace ctforge::pipeline {

// Which of a training's weights.
struct Weights {
  bool averaged = true;  // the moving average, else those of the last step
  double length = 0;     // above 0: an average over this part of the training, from train.ema_lengths
};

// The clean latents [N,C,h,w] float32 that samples of these indices and classes begin at, on the generator's device.
using StartLatents =
    std::function<torch::Tensor(const std::vector<std::int64_t>& indices, const std::vector<std::int64_t>& classes)>;

struct Generator {
  nets::UNet unet{nullptr};                       // on the device, in eval mode, gradients off
  nets::GanGenerator gan{nullptr};                // in its place where model.kind was gan
  diffusion::Codec codec;                         // image and mask <-> latents of zero mean and unit deviation
  Method method;                                  // what the network learned, on which path
  diffusion::Parametrisation parametrisation;     // path, target and sigma_data the network was trained with
  std::array<std::int64_t, 3> latent_shape = {};  // C, h, w of the noise a sample starts from
  std::vector<double> shift, scale;               // of each latent channel; empty where the codec is the identity
  io::ShardInfo patches;           // what the decoded patches are: size, classes, labels, spacing, window (no patients)
  std::string config;              // JSON text of the train section it was trained with
  std::string autoencoder_sha256;  // of its weights; empty where the codec is the identity
  std::string train_sha256;        // split_sha256 of the training set it was trained on
  std::string checkpoint_sha256;   // of the checkpoint's contents, as recorded in it and verified on loading
  std::int64_t step = 0;           // optimiser steps behind the weights
  Weights weights;                 // which of them these are
  bool bf16 = false;               // run the network under bf16 autocast
  torch::Device device = torch::kCPU;
  StartLatents starts;        // clean data that samples begin at, where they vary training patches; else empty
  std::string starts_sha256;  // of these patches
  std::shared_ptr<const Generator> weaker;  // that guidance leads away from, of the same latents and classes

  bool is_gan() const { return !gan.is_empty(); }
  // [C,h,w] of the noise that a sample begins with.
  std::vector<std::int64_t> noise_shape() const;
  std::int64_t classes() const { return static_cast<std::int64_t>(patches.classes.size()); }
  // The label that means "no class", for classifier-free guidance: one past the last class.
  std::int64_t no_class() const { return classes(); }
};

// path: a run's `checkpoints` folder (the newest good generator-*.safetensors in it) or one such file, whose
// autoencoder lies in the same folder. Damaged files are passed over with a warning in `notes` when given. Throws
// io::DataError(InvalidShard) when there is no good checkpoint, or the autoencoder is not the one it was trained with,
// and Unreadable for an average that was not put aside.
Generator load_generator(const std::filesystem::path& path, torch::Device device, Weights weights = {},
                         std::vector<std::string>* notes = nullptr);

// The same generator with a U-Net freshly initialised from `seed`: the baseline that training must beat.
Generator untrained_generator(const std::filesystem::path& path, torch::Device device, std::uint64_t seed);

// The network as the solvers call it: (x [N,C,h,w] float32, c_noise [N], labels) -> float32 [N,C,h,w]. Of a GAN, x is
// noise of noise_shape() and the answer a sample; c_noise may be undefined.
diffusion::Net network(const Generator& generator);

}  // namespace ctforge::pipeline
