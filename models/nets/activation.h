// The pointwise functions between layers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <torch/types.h>

namespace ctforge::nets {

enum class Activation {
  None,
  Silu,       // z * sigmoid(z) (Elfwing et al. 2018)
  LeakyRelu,  // z for z > 0, kLeakySlope * z otherwise
  Mish,       // z * tanh(log(1 + exp(z))) (Misra 2020)
  Gelu,       // z * Phi(z), Phi the standard normal distribution function (Hendrycks and Gimpel 2016)
  Relu,       // max(z, 0)
};
inline constexpr double kLeakySlope = 0.01;

// Any shape and floating type -> the same.
torch::Tensor activate(const torch::Tensor& z, Activation activation);

// The name that diffusers' act_fn gives it: "silu", "mish", "gelu", "relu". Throws std::invalid_argument for those that
// have none there.
std::string activation_name(Activation activation);
// Upper and lower case are the same, and so are "swish" and "silu". Empty for an unknown name.
std::optional<Activation> activation_from_name(std::string_view name);

}  // namespace ctforge::nets
