// The layers against what their definitions say, computed the long way.
#include "models/nets/style_layers.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <torch/nn/functional/conv.h>

namespace ctforge::nets {
namespace {

namespace F = torch::nn::functional;

TEST(StyleLayers, KeepTheVariance) {
  torch::manual_seed(1);
  const auto x = torch::randn({8, 64, 16, 16});
  EXPECT_NEAR(EqualisedConv(64, 64, 3)->forward(x).slice(2, 1, 15).slice(3, 1, 15).var().item<double>(), 1, 0.1);
  EXPECT_NEAR(EqualisedLinear(64, 256)->forward(torch::randn({64, 64})).var().item<double>(), 1, 0.1);
  EXPECT_NEAR(scaled_leaky_relu(torch::randn({100000})).square().mean().item<double>(), 1.04, 0.02);
  EXPECT_NEAR(EqualisedLinear(4, 1, 3.0)->forward(torch::zeros({1, 4})).item<double>(), 3, 1e-6);
}

TEST(StyleLayers, ModulationIsThatOfTheWeights) {
  torch::manual_seed(2);
  ModulatedConv conv(5, 7, 3, 4, true);
  const auto x = torch::randn({3, 5, 6, 6}), style = torch::randn({3, 4});
  const auto y = conv->forward(x, style);
  const auto parameters = conv->named_parameters();
  const auto scale = F::linear(style, parameters["affine.weight"] / 2.0, parameters["affine.bias"]);  // 1/sqrt(4)
  for (int i = 0; i < 3; ++i) {
    // Karras et al. 2020, eqs. 1 and 3, weight by weight.
    auto weight = parameters["weight"] / std::sqrt(45.0) * scale[i].view({1, 5, 1, 1});
    weight = weight / (weight.square().sum({1, 2, 3}, true) + 1e-8).sqrt();
    const auto expected = F::conv2d(x.narrow(0, i, 1), weight, F::Conv2dFuncOptions().padding(1));
    EXPECT_LT((y.narrow(0, i, 1) - expected).abs().max().item<double>(), 1e-5);
  }
  EXPECT_ANY_THROW(conv->forward(x, torch::randn({3, 5})));
}

}  // namespace
}  // namespace ctforge::nets
