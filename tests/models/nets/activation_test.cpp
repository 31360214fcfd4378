// Activations against their formulas, and their names.
#include "models/nets/activation.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

TEST(Activate, MatchesTheFormulas) {
  for (const double z : {-2.5, -0.3, 0.0, 1.7}) {
    const auto found = [&](Activation activation) {
      return activate(torch::full({1}, z, torch::kFloat64), activation).item<double>();
    };
    EXPECT_EQ(found(Activation::None), z);
    EXPECT_NEAR(found(Activation::Silu), z / (1 + std::exp(-z)), 1e-12);
    EXPECT_NEAR(found(Activation::LeakyRelu), z > 0 ? z : 0.01 * z, 1e-12);
    EXPECT_NEAR(found(Activation::Mish), z * std::tanh(std::log1p(std::exp(z))), 1e-12);
    EXPECT_NEAR(found(Activation::Gelu), z * 0.5 * std::erfc(-z / std::sqrt(2.0)), 1e-12);
    EXPECT_EQ(found(Activation::Relu), std::max(z, 0.0));
  }
}

TEST(ActivationName, GoesBothWays) {
  for (const Activation a : {Activation::Silu, Activation::Mish, Activation::Gelu, Activation::Relu})
    EXPECT_EQ(activation_from_name(activation_name(a)), a);
  EXPECT_EQ(activation_from_name("Swish"), Activation::Silu);
  EXPECT_FALSE(activation_from_name("tanh"));
  EXPECT_THROW(activation_name(Activation::LeakyRelu), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::nets
