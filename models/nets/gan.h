// A class-conditional style-based GAN of moderate size: what a diffusion model is compared with.
//
// The generator is that of StyleGAN2 (Karras et al. 2020) with skip outputs and without noise inputs; the discriminator
// is its residual one, which judges class and image together by a projection (Miyato and Koyama 2018, eq. 3).
#pragma once

#include "models/nets/style_layers.h"

#include <cstdint>
#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/embedding.h>

namespace ctforge::nets {

struct GanConfig {
  std::int64_t image_channels = 1;
  std::int64_t height = 64, width = 64;
  std::int64_t classes = 1;
  std::int64_t style_channels = 128;  // of the noise, of the classes' vectors and of the style
  std::int64_t mapping_layers = 2;
  std::vector<std::int64_t> channels = {64, 128, 128, 128, 128};  // from the full resolution down, each half the last
  std::vector<std::int64_t> discriminator_channels = {64, 128, 128, 128, 128};  // likewise
  bool bounded = false;                                                         // outputs lie in [-1,1]

  friend bool operator==(const GanConfig&, const GanConfig&) = default;
};

// Throws std::invalid_argument naming the field when no networks can be made of it.
void validate(const GanConfig& config);
std::string to_json(const GanConfig& config);
// Throws io::DataError(InvalidHeader) for text that is no such configuration.
GanConfig gan_config_from_json(const std::string& text);

class GanGeneratorImpl : public torch::nn::Module {
 public:
  explicit GanGeneratorImpl(GanConfig config);
  // noise [N,style_channels] standard normal, labels [N] int64 below classes -> [N,image_channels,height,width]
  // float32.
  torch::Tensor forward(const torch::Tensor& noise, const torch::Tensor& labels);
  const GanConfig& config() const { return config_; }

 private:
  torch::Tensor style_of(const torch::Tensor& noise, const torch::Tensor& labels);

  GanConfig config_;
  torch::nn::Embedding class_embedding{nullptr};
  torch::nn::ModuleList mapping;
  torch::Tensor constant;               // [1,C,h,w] at the lowest resolution
  torch::nn::ModuleList first, second;  // modulated convolutions, from the lowest resolution up; no first at the lowest
  torch::nn::ModuleList outputs;        // of each resolution
};
TORCH_MODULE(GanGenerator);

class GanDiscriminatorImpl : public torch::nn::Module {
 public:
  explicit GanDiscriminatorImpl(const GanConfig& config);
  // x [N,image_channels,height,width], labels [N] -> [N] float32: the higher the more real. Samples are judged in
  // groups of four, whose deviation the network sees (Karras et al. 2018, section 3).
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& labels);

 private:
  EqualisedConv input{nullptr}, last{nullptr};
  torch::nn::ModuleList first, second, shortcut;
  EqualisedLinear features{nullptr}, answer{nullptr};
  torch::nn::Embedding class_embedding{nullptr};
};
TORCH_MODULE(GanDiscriminator);

}  // namespace ctforge::nets
