// Embeddings of noise levels against their formulas.
#include "models/nets/embeddings.h"

#include "models/nets/weights.h"
#include "tests/models/nets/reference.h"

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

using test::difference;
using torch::Tensor;

TEST(SinusoidalEmbedding, MatchesTheFormula) {
  const Tensor e = sinusoidal_embedding(torch::tensor({0.0F, 3.5F}), 6, true, 1);
  ASSERT_EQ(e.sizes(), (std::vector<std::int64_t>{2, 6}));
  for (int i = 0; i < 3; ++i) {
    const double angle = 3.5 * std::exp(-std::log(1e4) * i / 2.0);
    EXPECT_NEAR(e[1][i].item<double>(), std::cos(angle), 1e-6);
    EXPECT_NEAR(e[1][i + 3].item<double>(), std::sin(angle), 1e-6);
    EXPECT_EQ(e[0][i].item<double>(), 1);
  }
  const Tensor flipped = sinusoidal_embedding(torch::tensor({3.5F}), 6, false, 1);
  EXPECT_EQ(difference(flipped.slice(1, 0, 3)[0], e[1].slice(0, 3, 6)), 0);
  EXPECT_EQ(sinusoidal_embedding(torch::tensor({1.0F}), 7, true, 0)[0][6].item<double>(), 0);  // odd: a zero at the end
}

TEST(FourierProjection, MatchesTheFormula) {
  torch::manual_seed(0);
  FourierProjection projection(3, 16);
  EXPECT_TRUE(projection->parameters().empty());  // nothing to train
  const Tensor frequencies = named_tensors(*projection).at("weight");
  const Tensor e = projection(torch::tensor({1.0F, 0.5F}));
  ASSERT_EQ(e.sizes(), (std::vector<std::int64_t>{2, 6}));
  EXPECT_EQ(difference(e[0], torch::tensor({0.0F, 0.0F, 0.0F, 1.0F, 1.0F, 1.0F})), 0);
  for (int i = 0; i < 3; ++i) {
    const double angle = 2 * std::numbers::pi * frequencies[i].item<double>() * std::log(0.5);
    EXPECT_NEAR(e[1][i].item<double>(), std::sin(angle), 1e-4);
    EXPECT_NEAR(e[1][i + 3].item<double>(), std::cos(angle), 1e-4);
  }
  EXPECT_THROW(projection(torch::zeros({1})), std::invalid_argument);
}

TEST(LearnedProjection, LooksUpWholeNumbersOnly) {
  LearnedProjection projection(4, 2);
  const Tensor table = named_tensors(*projection).at("weight");
  EXPECT_TRUE(projection(torch::tensor({3.0F, 0.0F}))[0].equal(table[3]));
  EXPECT_TRUE(projection(torch::tensor({1, 2}))[1].equal(table[2]));
  for (const float level : {0.5F, 4.0F, -1.0F})
    EXPECT_THROW(projection(torch::full({1}, level)), std::invalid_argument) << level;
}

TEST(TimestepEmbedding, IsTwoLayersWithSilu) {
  torch::manual_seed(0);
  TimestepEmbedding embedding(4, 6);
  const NamedTensors w = named_tensors(*embedding);
  const Tensor x = torch::randn({3, 4});
  const Tensor hidden = torch::silu(torch::linear(x, w.at("linear_1.weight"), w.at("linear_1.bias")));
  EXPECT_LT(difference(embedding(x), torch::linear(hidden, w.at("linear_2.weight"), w.at("linear_2.bias"))), 1e-6);
}

}  // namespace
}  // namespace ctforge::nets
