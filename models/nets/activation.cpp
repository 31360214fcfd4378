// The pointwise functions between layers.
#include "models/nets/activation.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>
#include <utility>

#include <torch/utils.h>

namespace ctforge::nets {

namespace {

constexpr std::array<std::pair<std::string_view, Activation>, 5> kNames = {{
    {"silu", Activation::Silu},
    {"swish", Activation::Silu},
    {"mish", Activation::Mish},
    {"gelu", Activation::Gelu},
    {"relu", Activation::Relu},
}};

}  // namespace

torch::Tensor activate(const torch::Tensor& z, Activation activation) {
  switch (activation) {
    case Activation::Silu:
      return torch::silu(z);
    case Activation::LeakyRelu:
      return torch::leaky_relu(z, kLeakySlope);
    case Activation::Mish:
      return torch::mish(z);
    case Activation::Gelu:
      return torch::gelu(z);
    case Activation::Relu:
      return torch::relu(z);
    case Activation::None:
      break;
  }
  return z;
}

std::string activation_name(Activation activation) {
  for (const auto& [name, value] : kNames)
    if (value == activation) return std::string(name);
  throw std::invalid_argument("this activation has no name in diffusers' configurations");
}

std::optional<Activation> activation_from_name(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const auto& [known, value] : kNames)
    if (known == lower) return value;
  return std::nullopt;
}

}  // namespace ctforge::nets
