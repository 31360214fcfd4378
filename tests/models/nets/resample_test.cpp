// Halving and doubling against hand-computed values and LibTorch's own layers.
#include "models/nets/resample.h"

#include "models/nets/weights.h"
#include "tests/models/nets/reference.h"

#include <vector>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

using test::difference;
using torch::Tensor;
using Sizes = std::vector<std::int64_t>;

TEST(Downsample, PadsOnlyRightAndBelowWithPaddingZero) {
  Downsample down(1, 0);
  const torch::NoGradGuard no_grad;
  NamedTensors weights = named_tensors(*down);
  weights.at("conv.weight").fill_(1);
  weights.at("conv.bias").zero_();
  const Tensor y = down(torch::ones({1, 1, 4, 4}));
  EXPECT_EQ(y[0][0][0][0].item<float>(), 9);  // nothing is padded above and left
  EXPECT_EQ(y[0][0][1][1].item<float>(), 4);
}

TEST(Upsample, RepeatsPixels) {
  Upsample up(1);
  const torch::NoGradGuard no_grad;
  NamedTensors weights = named_tensors(*up);
  weights.at("conv.weight").zero_();
  weights.at("conv.weight")[0][0][1][1] = 1;
  weights.at("conv.bias").zero_();
  const Tensor x = torch::randn({1, 1, 3, 2});
  EXPECT_EQ(difference(up(x), x.repeat_interleave(2, 2).repeat_interleave(2, 3)), 0);
}

TEST(BinomialFilter, KeepsAConstantPictureAwayFromAZeroBorder) {
  const Tensor x = torch::full({1, 2, 8, 6}, 5.0F);
  for (const Border border : {Border::Zero, Border::Reflected}) {
    const Tensor half = binomial_half(x, border), twice = binomial_double(x, border);
    ASSERT_EQ(half.sizes(), (Sizes{1, 2, 4, 3}));
    ASSERT_EQ(twice.sizes(), (Sizes{1, 2, 16, 12}));
    EXPECT_LT(difference(half.slice(2, 1, -1).slice(3, 1, -1), torch::full({1, 2, 2, 1}, 5.0F)), 1e-5);
    EXPECT_LT(difference(twice.slice(2, 1, -1).slice(3, 1, -1), torch::full({1, 2, 14, 10}, 5.0F)), 1e-5);
    // At the corner an eighth of the weight lies outside either way.
    const double corner = border == Border::Zero ? 5.0 * 49 / 64 : 5.0;
    EXPECT_NEAR(half[0][0][0][0].item<double>(), corner, 1e-5);
  }
}

TEST(BinomialFilter, WeighsNeighboursOneThreeThreeOne) {
  Tensor x = torch::zeros({1, 1, 4, 4});
  x[0][0][1][1] = 64;
  const Tensor half = binomial_half(x, Border::Zero);
  EXPECT_EQ(difference(half[0][0], torch::tensor({{9.0F, 3.0F}, {3.0F, 1.0F}})), 0);
  const Tensor twice = binomial_double(x, Border::Zero);  // at 2 and 3, where the pixel lies, three quarters
  EXPECT_EQ(difference(twice[0][0][2].slice(0, 1, 5), torch::tensor({12.0F, 36.0F, 36.0F, 12.0F})), 0);
}

TEST(BinomialFilter, DoesNotDependOnMemoryFormat) {
  const Tensor x = torch::randn({2, 3, 6, 4}), last = x.contiguous(torch::MemoryFormat::ChannelsLast);
  EXPECT_LT(difference(binomial_half(x, Border::Reflected), binomial_half(last, Border::Reflected)), 1e-6);
  EXPECT_LT(difference(binomial_double(x, Border::Reflected), binomial_double(last, Border::Reflected)), 1e-6);
}

TEST(Resampled, WithoutAnythingIsItsInput) {
  const Tensor x = torch::randn({1, 1, 2, 2});
  EXPECT_TRUE(resampled(x, Resample::None).is_same(x));
  EXPECT_EQ(resampled(x, Resample::Average).item<float>(), x.mean().item<float>());
  EXPECT_EQ(resampled(x, Resample::BinomialDouble).sizes(), (Sizes{1, 1, 4, 4}));
  EXPECT_ANY_THROW(binomial_double(torch::zeros({1, 1, 1, 1}), Border::Reflected));  // nothing to reflect
}

}  // namespace
}  // namespace ctforge::nets
