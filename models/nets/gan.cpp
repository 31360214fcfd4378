// Generator, discriminator and their configuration.
#include "models/nets/gan.h"

#include "io/file/fault.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>
#include <torch/nn/functional/upsampling.h>

namespace ctforge::nets {

namespace {

constexpr std::int64_t kGroup = 4;

torch::Tensor unit_variance(const torch::Tensor& x) { return x * (x.square().mean(1, true) + 1e-8).rsqrt(); }

torch::Tensor doubled(const torch::Tensor& x) {
  namespace F = torch::nn::functional;
  return F::interpolate(
      x,
      F::InterpolateFuncOptions().scale_factor(std::vector<double>{2, 2}).mode(torch::kBilinear).align_corners(false));
}

// One more channel: how much each group of samples differs, mean over channels and pixels. A last group may be smaller.
torch::Tensor with_group_deviation(const torch::Tensor& x) {
  std::vector<torch::Tensor> deviations;
  for (std::int64_t begin = 0; begin < x.size(0); begin += kGroup) {
    const auto group = x.narrow(0, begin, std::min(kGroup, x.size(0) - begin)).to(torch::kFloat32);
    const auto deviation = ((group - group.mean(0, true)).square().mean(0) + 1e-8).sqrt().mean();
    deviations.push_back(deviation.expand({group.size(0), 1, x.size(2), x.size(3)}));
  }
  return torch::cat({x, torch::cat(deviations).to(x.scalar_type())}, 1);
}

}  // namespace

void validate(const GanConfig& config) {
  const auto require = [](bool holds, const char* text) {
    if (!holds) throw std::invalid_argument(text);
  };
  const auto usable = [&](const std::vector<std::int64_t>& channels) {
    if (channels.size() < 2 || channels.size() > 12) return false;
    const std::int64_t factor = std::int64_t{1} << (channels.size() - 1);
    return config.height % factor == 0 && config.width % factor == 0 && config.height >= factor &&
           *std::min_element(channels.begin(), channels.end()) > 0;
  };
  require(config.image_channels > 0 && config.classes > 0 && config.style_channels > 0, "nothing to generate");
  require(config.mapping_layers >= 1, "mapping_layers must be at least 1");
  require(usable(config.channels),
          "channels: at least two levels, and sides that are multiples of 2 to the power of levels - 1");
  require(usable(config.discriminator_channels),
          "discriminator_channels: at least two levels, and sides that are multiples of 2 to the power of levels - 1");
}

std::string to_json(const GanConfig& config) {
  return nlohmann::json{{"image_channels", config.image_channels},
                        {"height", config.height},
                        {"width", config.width},
                        {"classes", config.classes},
                        {"style_channels", config.style_channels},
                        {"mapping_layers", config.mapping_layers},
                        {"channels", config.channels},
                        {"discriminator_channels", config.discriminator_channels},
                        {"bounded", config.bounded}}
      .dump();
}

GanConfig gan_config_from_json(const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text);
    GanConfig config;
    config.image_channels = json.at("image_channels");
    config.height = json.at("height");
    config.width = json.at("width");
    config.classes = json.at("classes");
    config.style_channels = json.at("style_channels");
    config.mapping_layers = json.at("mapping_layers");
    config.channels = json.at("channels").get<std::vector<std::int64_t>>();
    config.discriminator_channels = json.at("discriminator_channels").get<std::vector<std::int64_t>>();
    config.bounded = json.at("bounded");
    validate(config);
    return config;
  } catch (const nlohmann::json::exception&) {
    throw io::DataError(io::Fault::InvalidHeader, "the description of a GAN cannot be read");
  } catch (const std::invalid_argument& error) {
    throw io::DataError(io::Fault::InvalidHeader, std::string("the description of a GAN: ") + error.what());
  }
}

GanGeneratorImpl::GanGeneratorImpl(GanConfig config) : config_(std::move(config)) {
  validate(config_);
  const std::int64_t style = config_.style_channels;
  class_embedding = register_module("class_embedding", torch::nn::Embedding(config_.classes, style));
  mapping = register_module("mapping", torch::nn::ModuleList());
  for (std::int64_t layer = 0; layer < config_.mapping_layers; ++layer)
    mapping->push_back(EqualisedLinear(layer == 0 ? 2 * style : style, style));
  std::vector<std::int64_t> channels = config_.channels;
  std::reverse(channels.begin(), channels.end());
  const std::int64_t factor = std::int64_t{1} << (channels.size() - 1);
  constant =
      register_parameter("constant", torch::randn({1, channels[0], config_.height / factor, config_.width / factor}));
  first = register_module("first", torch::nn::ModuleList());
  second = register_module("second", torch::nn::ModuleList());
  outputs = register_module("outputs", torch::nn::ModuleList());
  for (std::size_t level = 0; level < channels.size(); ++level) {
    if (level > 0) first->push_back(ModulatedConv(channels[level - 1], channels[level], 3, style, true));
    second->push_back(ModulatedConv(channels[level], channels[level], 3, style, true));
    outputs->push_back(ModulatedConv(channels[level], config_.image_channels, 1, style, false));
  }
}

torch::Tensor GanGeneratorImpl::style_of(const torch::Tensor& noise, const torch::Tensor& labels) {
  auto style = torch::cat({unit_variance(noise), unit_variance(class_embedding->forward(labels))}, 1);
  for (const auto& layer : *mapping) style = scaled_leaky_relu(layer->as<EqualisedLinear>()->forward(style));
  return style;
}

torch::Tensor GanGeneratorImpl::forward(const torch::Tensor& noise, const torch::Tensor& labels) {
  const auto style = style_of(noise, labels);
  auto x = constant.expand({noise.size(0), -1, -1, -1}).contiguous(torch::MemoryFormat::ChannelsLast);
  torch::Tensor image;
  for (std::size_t level = 0; level < second->size(); ++level) {
    if (level > 0) x = scaled_leaky_relu(first[level - 1]->as<ModulatedConv>()->forward(doubled(x), style));
    x = scaled_leaky_relu(second[level]->as<ModulatedConv>()->forward(x, style));
    const auto seen = outputs[level]->as<ModulatedConv>()->forward(x, style).to(torch::kFloat32);
    image = image.defined() ? doubled(image) + seen : seen;
  }
  return config_.bounded ? torch::tanh(image) : image;
}

GanDiscriminatorImpl::GanDiscriminatorImpl(const GanConfig& config) {
  validate(config);
  const auto& channels = config.discriminator_channels;
  input = register_module("input", EqualisedConv(config.image_channels, channels[0], 1));
  first = register_module("first", torch::nn::ModuleList());
  second = register_module("second", torch::nn::ModuleList());
  shortcut = register_module("shortcut", torch::nn::ModuleList());
  for (std::size_t level = 0; level + 1 < channels.size(); ++level) {
    first->push_back(EqualisedConv(channels[level], channels[level], 3));
    second->push_back(EqualisedConv(channels[level], channels[level + 1], 3));
    shortcut->push_back(EqualisedConv(channels[level], channels[level + 1], 1));
  }
  const std::int64_t width = channels.back();
  const std::int64_t factor = std::int64_t{1} << (channels.size() - 1);
  last = register_module("last", EqualisedConv(width + 1, width, 3));
  features =
      register_module("features", EqualisedLinear(width * (config.height / factor) * (config.width / factor), width));
  answer = register_module("answer", EqualisedLinear(width, 1));
  class_embedding = register_module("class_embedding", torch::nn::Embedding(config.classes, width));
}

torch::Tensor GanDiscriminatorImpl::forward(const torch::Tensor& x, const torch::Tensor& labels) {
  auto h = scaled_leaky_relu(input->forward(x.contiguous(torch::MemoryFormat::ChannelsLast)));
  for (std::size_t level = 0; level < first->size(); ++level) {
    const auto aside = shortcut[level]->as<EqualisedConv>()->forward(torch::avg_pool2d(h, 2));
    h = scaled_leaky_relu(first[level]->as<EqualisedConv>()->forward(h));
    h = torch::avg_pool2d(scaled_leaky_relu(second[level]->as<EqualisedConv>()->forward(h)), 2);
    h = (h + aside) / std::numbers::sqrt2;
  }
  h = scaled_leaky_relu(last->forward(with_group_deviation(h)));
  const auto seen = scaled_leaky_relu(features->forward(h.flatten(1))).to(torch::kFloat32);
  const auto of_class = class_embedding->forward(labels).to(torch::kFloat32);
  const double scale = 1 / std::sqrt(static_cast<double>(seen.size(1)));
  return answer->forward(seen).squeeze(1).to(torch::kFloat32) + (seen * of_class).sum(1) * scale;
}

}  // namespace ctforge::nets
