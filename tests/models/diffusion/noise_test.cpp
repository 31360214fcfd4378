// A sample's noise depends on (run seed, index, stream) and on nothing else.
#include "models/diffusion/noise.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::diffusion {
namespace {

TEST(SampleNoise, DependsOnSeedIndexAndStreamAlone) {
  const auto first = sample_noise(7, 3, kStartStream, {4, 8, 8});
  torch::manual_seed(1);
  torch::randn({5});
  EXPECT_TRUE(first.equal(sample_noise(7, 3, kStartStream, {4, 8, 8})));
  EXPECT_FALSE(first.equal(sample_noise(8, 3, kStartStream, {4, 8, 8})));
  EXPECT_FALSE(first.equal(sample_noise(7, 4, kStartStream, {4, 8, 8})));
  EXPECT_FALSE(first.equal(sample_noise(7, 3, kFirstStepStream, {4, 8, 8})));
}

TEST(SampleNoise, IsTheSameInAnyBatch) {
  const auto batch = batch_noise(7, {2, 3, 11}, kStartStream, {4, 8, 8});
  EXPECT_EQ(batch.sizes(), at::IntArrayRef({3, 4, 8, 8}));
  EXPECT_TRUE(batch[1].equal(sample_noise(7, 3, kStartStream, {4, 8, 8})));
  EXPECT_TRUE(batch[2].equal(batch_noise(7, {11}, kStartStream, {4, 8, 8})[0]));
}

TEST(SampleNoise, IsStandardNormalAndUncorrelatedBetweenSamples) {
  std::vector<std::int64_t> indices(64);
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<std::int64_t>(i);
  const auto noise = batch_noise(5, indices, kStartStream, {1, 32, 32}).flatten(1);  // [64,1024]
  EXPECT_NEAR(noise.mean().item<double>(), 0, 4 / 256.0);                            // 4 standard errors of 65536 draws
  EXPECT_NEAR(noise.std().item<double>(), 1, 4 / 362.0);
  const auto correlation = torch::matmul(noise, noise.t()) / 1024;
  EXPECT_LT((correlation - correlation.diag().diag()).abs().max().item<double>(), 5 / 32.0);
}

TEST(SampleNoise, RefusesAnEmptyBatch) { EXPECT_ANY_THROW(batch_noise(1, {}, kStartStream, {1, 2, 2})); }

}  // namespace
}  // namespace ctforge::diffusion
