// The latents of all training patches: moments computed once and kept on disk, sampled anew at each use.
#pragma once

#include "models/nets/tiles.h"
#include "pipeline/run/context.h"
#include "pipeline/train/train_data.h"
#include "pipeline/train/train_latent_parts.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

namespace ctforge::pipeline {

class LatentMoments {
 public:
  // mean and logvar [N,C,h,w] float32.
  LatentMoments(torch::Tensor mean, torch::Tensor logvar);
  std::int64_t size() const { return mean_.size(0); }
  std::array<std::int64_t, 3> shape() const { return {mean_.size(1), mean_.size(2), mean_.size(3)}; }
  // Fresh draws of the latents of that share of these patches, [n,C,h,w] float32, not shifted or scaled.
  torch::Tensor draw(const std::vector<std::int64_t>& items, const nets::BatchShare& share,
                     torch::Generator& generator) const;
  // Of each channel over all patches, the spread of the draws included: mean, and 1 / standard deviation. [C] float64.
  torch::Tensor shift() const;
  torch::Tensor scale() const;
  const torch::Tensor& mean() const { return mean_; }
  const torch::Tensor& logvar() const { return logvar_; }

 private:
  torch::Tensor mean_, logvar_;
};

// Does something to patches before they are encoded, given the first one's index.
using PreparePatches = std::function<PatchBatch(PatchBatch batch, std::int64_t first)>;

// Encodes every patch, in float32, the processes of the context's group sharing the work; all get all of it. The
// network is in eval mode on the device. Throws Interrupted when asked to stop.
// parts: where what is done is saved, and what was is taken from, by a single process; null: nowhere.
LatentMoments encode_all(nets::Autoencoder& net, const PatchTensors& patches, torch::Device device,
                         const nets::Tiling& tiling, const Context& context, const PreparePatches& prepare = {},
                         const LatentParts* parts = nullptr);

// What `file` holds if it was made with this key (of autoencoder, data and what is done to them), else encoded now and
// written there.
LatentMoments cached_moments(const std::filesystem::path& file, const std::string& key, nets::Autoencoder& net,
                             const PatchTensors& patches, torch::Device device, const nets::Tiling& tiling,
                             const Context& context, const PreparePatches& prepare = {});

}  // namespace ctforge::pipeline
