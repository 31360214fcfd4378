// What judges an autoencoder's images besides their pixels: features of a trained network, and a discriminator.
#pragma once

#include "models/nets/discriminator.h"
#include "models/nets/lite0.h"
#include "models/train/parallel.h"

#include <filesystem>

#include <torch/types.h>

namespace ctforge::pipeline {

// Distance of images by EfficientNet-Lite0: at each of its stages, features of unit length over channels, the mean
// squared difference (Zhang et al. 2018, eq. 1, all weights one). A Fréchet distance on features of the same network
// flatters what was trained with it.
class PerceptualLoss {
 public:
  // Throws io::DataError as nets::load_lite0.
  PerceptualLoss(const std::filesystem::path& lite0, torch::Device device);
  // [N,1,H,W] in [-1,1] each -> scalar float32 with gradient to `decoded`.
  torch::Tensor operator()(const torch::Tensor& decoded, const torch::Tensor& image);

 private:
  nets::Lite0 net_;
};

struct AdversarialLoss {
  torch::Tensor generator;      // scalar, with gradient to the decoded image alone
  torch::Tensor discriminator;  // scalar, with gradient to the discriminator alone
};
// Hinge loss (Lim and Ye 2017): the discriminator wants at least 1 for real and at most -1 for decoded, the generator
// wants what the discriminator calls real. decoded and image [N,1,H,W].
AdversarialLoss adversarial_loss(nets::Discriminator& net, const torch::Tensor& decoded, const torch::Tensor& image);

// The factor that makes the adversarial loss pull as hard on the last layer as the reconstruction does (Esser et al.
// 2021, eq. 7), at most 1e4. Both losses keep their graphs; in a group they are those of shares of a batch.
torch::Tensor balance(const torch::Tensor& reconstruction, const torch::Tensor& generator,
                      const torch::Tensor& last_layer, train::Group* group = nullptr);

}  // namespace ctforge::pipeline
