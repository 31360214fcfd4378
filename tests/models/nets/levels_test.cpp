// Shapes, skip connections and parameter names of the resolution levels.
#include "models/nets/levels.h"

#include "models/nets/weights.h"

#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

using torch::Tensor;
using Sizes = std::vector<std::int64_t>;

ResnetShape resnet(std::int64_t in, std::int64_t out) {
  return {.in_channels = in, .out_channels = out, .groups_in = 4, .groups_out = 4};
}

AttentionShape attention(std::int64_t channels) { return {.channels = channels, .head_dim = 8, .groups = 4}; }

LevelShape down_shape() {
  LevelShape shape;
  shape.resnets = {resnet(8, 16), resnet(16, 16)};
  shape.attentions = {attention(16), attention(16)};
  shape.resampling = Resampling::Convolution;
  shape.resampler = resnet(16, 16);
  return shape;
}

TEST(DownLevel, KeepsEveryIntermediateForTheWayUp) {
  DownLevel level(down_shape(), BlockOptions{});
  Flow flow;
  flow.hidden = torch::randn({1, 8, 6, 4});
  level->forward(flow, {}, {});
  EXPECT_EQ(flow.hidden.sizes(), (Sizes{1, 16, 3, 2}));
  ASSERT_EQ(flow.skips.size(), 3U);
  EXPECT_EQ(flow.skips[1].sizes(), (Sizes{1, 16, 6, 4}));
  EXPECT_TRUE(flow.skips[2].equal(flow.hidden));
  LevelShape alone = down_shape();
  alone.skips = false;
  Flow other;
  other.hidden = torch::randn({1, 8, 6, 4});
  DownLevel(alone, BlockOptions{})->forward(other, {}, {});
  EXPECT_TRUE(other.skips.empty());
}

TEST(UpLevel, TakesTheLastSkipFirst) {
  LevelShape shape;
  shape.resnets = {resnet(8 + 12, 8), resnet(8 + 4, 8)};
  shape.resampling = Resampling::Convolution;
  shape.resampler = resnet(8, 8);
  UpLevel level(shape, BlockOptions{});
  Flow flow;
  flow.skips = {torch::randn({1, 4, 3, 3}), torch::randn({1, 12, 3, 3})};
  flow.hidden = torch::randn({1, 8, 3, 3});
  level->forward(flow, {}, {});
  EXPECT_EQ(flow.hidden.sizes(), (Sizes{1, 8, 6, 6}));
  EXPECT_TRUE(flow.skips.empty());
}

TEST(Levels, ResampleInsideAResidualBlockThatTakesTheTime) {
  torch::manual_seed(0);
  const BlockOptions options{.time_channels = 6};
  const Tensor x = torch::randn({1, 16, 4, 4}), time = torch::randn({1, 6});
  LevelShape shape;
  shape.resampling = Resampling::Resnet;
  shape.resampler = resnet(16, 16);
  for (const bool down : {true, false}) {
    shape.resampler.resample = down ? Resample::Average : Resample::Nearest;
    const auto run = [&](LevelImpl& level, const Tensor& activated) {
      Flow flow;
      flow.hidden = x;
      level.forward(flow, {.plain = {}, .activated = activated}, {});
      return flow.hidden;
    };
    DownLevel half(shape, options);
    UpLevel twice(shape, options);
    LevelImpl& level = down ? static_cast<LevelImpl&>(*half) : *twice;
    const Tensor y = run(level, time);
    EXPECT_EQ(y.size(2), down ? 2 : 8);
    EXPECT_FALSE(y.equal(run(level, torch::zeros({1, 6}))));
    EXPECT_TRUE(named_tensors(level).contains(down ? "downsamplers.0.norm1.weight" : "upsamplers.0.norm1.weight"));
  }
}

TEST(Levels, MayAttendAfterTheLastBlockOnly) {
  LevelShape shape = down_shape();
  shape.attentions.pop_back();
  DownLevel level(shape, BlockOptions{});
  EXPECT_FALSE(named_tensors(*level).contains("attentions.1.to_q.weight"));
  int blocks = 0;
  Flow flow;
  flow.hidden = torch::randn({1, 8, 6, 4});
  level->forward(flow, {}, [&](const Block& block, const std::vector<Tensor>& inputs) {
    ++blocks;
    return block(inputs);
  });
  EXPECT_EQ(blocks, 2);  // the convolution keeps nothing but its input: nobody need compute it again
  EXPECT_EQ(flow.skips.size(), 3U);
}

TEST(Levels, NameParametersAsDiffusersDoes) {
  LevelShape plain;
  plain.resnets = {resnet(8, 8)};
  const NamedTensors names = named_tensors(*DownLevel(plain, BlockOptions{}));
  EXPECT_EQ(names.size(), 8U);
  EXPECT_TRUE(names.contains("resnets.0.norm1.weight"));
  const NamedTensors more = named_tensors(*DownLevel(down_shape(), BlockOptions{}));
  for (const char* name :
       {"resnets.0.conv_shortcut.weight", "attentions.0.to_out.0.bias", "downsamplers.0.conv.weight"})
    EXPECT_TRUE(more.contains(name)) << name;
}

TEST(Levels, RefuseImpossibleGroups) {
  LevelShape shape;
  shape.resnets = {resnet(6, 8)};
  EXPECT_THROW(DownLevel(shape, BlockOptions{}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::nets
