// Shapes, skip connections and parameter names of the resolution levels.
#include "models/nets/levels.h"

#include "models/nets/weights.h"

#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace ctforge::nets {
namespace {

using torch::Tensor;
using Sizes = std::vector<std::int64_t>;

const BlockOptions kOptions{.time_channels = 0, .norm_num_groups = 4};

TEST(DownLevel, KeepsEveryIntermediateForTheWayUp) {
  DownLevel level(
      DownLevelImpl::Shape{.in_channels = 8, .out_channels = 16, .layers = 2, .head_dim = 8, .downsample = true},
      kOptions);
  std::vector<Tensor> skips;
  const Tensor y = level(torch::randn({1, 8, 6, 4}), Tensor(), &skips);
  EXPECT_EQ(y.sizes(), (Sizes{1, 16, 3, 2}));
  ASSERT_EQ(skips.size(), 3U);
  EXPECT_EQ(skips[1].sizes(), (Sizes{1, 16, 6, 4}));
  EXPECT_TRUE(skips[2].equal(y));
}

TEST(UpLevel, TakesTheLastSkipFirst) {
  UpLevel level(UpLevelImpl::Shape{.in_channels = {8 + 12, 8 + 4}, .out_channels = 8, .head_dim = 0, .upsample = true},
                kOptions);
  std::vector<Tensor> skips = {torch::randn({1, 4, 3, 3}), torch::randn({1, 12, 3, 3})};
  const Tensor y = level(torch::randn({1, 8, 3, 3}), Tensor(), &skips);
  EXPECT_EQ(y.sizes(), (Sizes{1, 8, 6, 6}));
  EXPECT_TRUE(skips.empty());
}

TEST(Levels, NameParametersAsDiffusersDoes) {
  DownLevel plain(
      DownLevelImpl::Shape{.in_channels = 8, .out_channels = 8, .layers = 1, .head_dim = 0, .downsample = false},
      kOptions);
  const NamedTensors names = named_tensors(*plain);
  EXPECT_EQ(names.size(), 8U);
  EXPECT_TRUE(names.contains("resnets.0.norm1.weight"));
  DownLevel full(
      DownLevelImpl::Shape{.in_channels = 4, .out_channels = 8, .layers = 1, .head_dim = 8, .downsample = true},
      kOptions);
  const NamedTensors more = named_tensors(*full);
  for (const char* name :
       {"resnets.0.conv_shortcut.weight", "attentions.0.to_out.0.bias", "downsamplers.0.conv.weight"})
    EXPECT_TRUE(more.contains(name)) << name;
}

TEST(Levels, RefuseImpossibleGroups) {
  const DownLevelImpl::Shape shape{.in_channels = 6, .out_channels = 8, .layers = 1};
  EXPECT_THROW(DownLevel(shape, kOptions), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::nets
