// The pyramid of pictures beside the features.
#include "models/nets/skip_levels.h"

#include "models/nets/weights.h"
#include "tests/models/nets/reference.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

using test::difference;
using torch::Tensor;

// One residual block, then half or twice the resolution where wanted.
LevelShape shape_of(std::int64_t in, bool ends, Resample filter) {
  LevelShape shape;
  shape.resnets = {{.in_channels = in, .out_channels = 8, .groups_in = 2, .groups_out = 2}};
  shape.resampling = ends ? Resampling::Filter : Resampling::None;
  shape.resampler = {.in_channels = 8, .out_channels = 8, .groups_in = 2, .groups_out = 2};
  shape.resampler.resample = filter;
  shape.resampler.shortcut = true;
  return shape;
}

Flow flow_of(std::int64_t channels, std::int64_t side) {
  Flow flow;
  flow.hidden = torch::randn({2, channels, side, side});
  return flow;
}

TEST(SkipDownLevel, AddsTheHalvedPicture) {
  torch::manual_seed(0);
  SkipDownLevel level(shape_of(8, true, Resample::BinomialHalf), BlockOptions{});
  const torch::NoGradGuard no_grad;
  Flow flow = flow_of(8, 8), blank = flow;
  flow.image = torch::randn({2, 3, 8, 8});
  blank.image = torch::zeros({2, 3, 8, 8});
  level->forward(flow, {}, {});
  level->forward(blank, {}, {});
  EXPECT_EQ(flow.image.size(2), 4);
  const NamedTensors w = named_tensors(*level);
  const Tensor added = torch::conv2d(flow.image, w.at("skip_conv.weight"));
  EXPECT_LT(difference(flow.hidden - blank.hidden, added), 1e-5);
  EXPECT_EQ(flow.skips.size(), 2U);
  EXPECT_TRUE(w.contains("resnet_down.conv_shortcut.weight"));
}

TEST(SkipDownLevel, WithoutHalvingLeavesThePictureAlone) {
  SkipDownLevel level(shape_of(8, false, Resample::None), BlockOptions{});
  Flow flow = flow_of(8, 4);
  flow.image = torch::randn({2, 3, 4, 4});
  const Tensor before = flow.image;
  level->forward(flow, {}, {});
  EXPECT_TRUE(flow.image.is_same(before));
}

TEST(SkipUpLevel, SumsPicturesOfEveryResolution) {
  torch::manual_seed(0);
  SkipUpLevel level(shape_of(12, true, Resample::BinomialDouble), BlockOptions{});
  const torch::NoGradGuard no_grad;
  Flow first = flow_of(8, 4);
  first.skips = {torch::randn({2, 4, 4, 4})};
  Flow second = first;
  second.image = torch::randn({2, 3, 2, 2});
  const Tensor doubled = binomial_double(second.image, Border::Zero);
  level->forward(first, {}, {});
  level->forward(second, {}, {});
  EXPECT_EQ(first.hidden.size(2), 8);
  EXPECT_EQ(first.image.size(2), 4);  // as large as the features before they are doubled
  EXPECT_LT(difference(second.image, doubled + first.image), 1e-6);
  SkipUpLevel last(shape_of(12, false, Resample::None), BlockOptions{});
  second.skips = {torch::randn({2, 4, 8, 8})};
  last->forward(second, {}, {});
  EXPECT_EQ(second.image.size(2), 8);
}

TEST(SkipLevels, RefuseImpossibleGroups) {
  LevelShape shape = shape_of(8, true, Resample::BinomialHalf);
  shape.resampler.groups_in = 3;
  EXPECT_THROW(SkipDownLevel(shape, BlockOptions{}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::nets
