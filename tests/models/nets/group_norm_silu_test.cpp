// The fused normalisation against LibTorch's operators, and its gradients against finite differences.
#include "models/nets/group_norm_silu.h"

#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

using torch::Tensor;

struct Problem {
  Tensor x, weight, bias, shift;
  std::vector<Tensor> inputs() const {
    return shift.defined() ? std::vector<Tensor>{x, weight, bias, shift} : std::vector<Tensor>{x, weight, bias};
  }
};

Problem make(torch::IntArrayRef shape, torch::ScalarType type, bool channels_last, bool with_shift) {
  torch::manual_seed(1);
  Problem p;
  p.x = torch::randn(shape, torch::kFloat64) * 1.7 + 0.4;
  p.x = p.x.to(type);
  if (channels_last) p.x = p.x.contiguous(torch::MemoryFormat::ChannelsLast);
  const torch::ScalarType parameters = type == torch::kFloat64 ? type : torch::kFloat32;
  p.weight = (torch::randn({shape[1]}) * 0.3 + 1).to(parameters);
  p.bias = (torch::randn({shape[1]}) * 0.3).to(parameters);
  if (with_shift) p.shift = torch::randn({shape[0], shape[1]}).to(type);
  for (Tensor& t : std::vector<Tensor>{p.x, p.weight, p.bias}) t.requires_grad_(true);
  if (with_shift) p.shift.requires_grad_(true);
  return p;
}

using Function = decltype(&group_norm_act);

// Output, then the gradients, of sum(y * fixed random numbers).
std::vector<Tensor> evaluate(Function function, const Problem& p, std::int64_t groups, Activation activation) {
  const Tensor y = function(p.x, groups, p.weight, p.bias, 1e-5, activation, p.shift);
  torch::manual_seed(2);
  const Tensor g = torch::randn(y.sizes(), torch::kFloat64).to(y.scalar_type());
  std::vector<Tensor> results = torch::autograd::grad({y}, p.inputs(), {g});
  results.insert(results.begin(), y);
  return results;
}

double relative(const Tensor& found, const Tensor& expected) {
  const Tensor e = expected.to(torch::kFloat64);
  return ((found.to(torch::kFloat64) - e).abs().max() / e.abs().max()).item<double>();
}

class GroupNormAct : public testing::TestWithParam<std::tuple<bool, torch::ScalarType, Activation, bool>> {};

TEST_P(GroupNormAct, AgreesWithLibTorch) {
  const auto [channels_last, type, activation, with_shift] = GetParam();
  const std::vector<std::tuple<std::vector<std::int64_t>, std::int64_t>> shapes = {
      {{2, 64, 8, 8}, 32}, {{3, 12, 5, 7}, 4}, {{1, 24, 1, 1}, 3}, {{2, 40, 33, 35}, 40}, {{1, 8, 150, 90}, 1}};
  for (const auto& [shape, groups] : shapes) {
    const Problem p = make(shape, type, channels_last, with_shift);
    const auto found = evaluate(group_norm_act, p, groups, activation);
    // The reference in float64 of the same values.
    Problem exact = p;
    for (Tensor* t : {&exact.x, &exact.weight, &exact.bias, &exact.shift})
      if (t->defined()) *t = t->detach().to(torch::kFloat64).requires_grad_(true);
    const auto expected = evaluate(group_norm_act_composed, exact, groups, activation);
    const double tolerance = type == torch::kFloat32 ? 2e-5 : 1e-2;
    EXPECT_EQ(found[0].scalar_type(), type);
    EXPECT_EQ(found[0].strides(), p.x.strides());
    for (std::size_t i = 0; i < found.size(); ++i) {
      // A shift common to a group of one pixel and channel cancels: nothing to compare but zero.
      const bool vanishes = expected[i].abs().max().item<double>() < 1e-6;
      if (vanishes)
        EXPECT_LT(found[i].abs().max().item<double>(), 1e-3) << "result " << i;
      else
        EXPECT_LT(relative(found[i], expected[i]), tolerance) << "result " << i << " of " << p.x.sizes();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, GroupNormAct,
                         testing::Combine(testing::Bool(), testing::Values(torch::kFloat32, torch::kBFloat16),
                                          testing::Values(Activation::None, Activation::Silu, Activation::LeakyRelu,
                                                          Activation::Mish, Activation::Gelu, Activation::Relu),
                                          testing::Bool()));

// Central differences along random directions.
void check_directions(const Problem& p, double step, double tolerance) {
  const auto loss = [&](const Problem& q) {
    const Tensor y = group_norm_act(q.x, 2, q.weight, q.bias, 1e-5, Activation::Silu, q.shift);
    return (y * torch::arange(y.numel(), y.options()).reshape(y.sizes()).sin()).sum();
  };
  const auto gradients = torch::autograd::grad({loss(p)}, p.inputs());
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < 4; ++i) {
    Problem up = p, down = p;
    Tensor* const moved_up[] = {&up.x, &up.weight, &up.bias, &up.shift};
    Tensor* const moved_down[] = {&down.x, &down.weight, &down.bias, &down.shift};
    const Tensor direction = torch::randn_like(*moved_up[i]);
    *moved_up[i] = *moved_up[i] + step * direction;
    *moved_down[i] = *moved_down[i] - step * direction;
    const double numeric = (loss(up) - loss(down)).item<double>() / (2 * step);
    EXPECT_NEAR((gradients[i] * direction).sum().item<double>(), numeric, tolerance) << "input " << i;
  }
}

TEST(GroupNormActGradient, AgreesWithFiniteDifferences) {
  check_directions(make({2, 6, 3, 4}, torch::kFloat64, false, true), 1e-6, 1e-7);
  check_directions(make({2, 6, 3, 4}, torch::kFloat32, true, true), 1e-2, 2e-2);
}

TEST(GroupNormActGradient, CanBeDifferentiatedAgain) {
  const Problem p = make({2, 6, 3, 4}, torch::kFloat32, true, true);
  const auto second = [&](Function function) {
    const Tensor y = function(p.x, 2, p.weight, p.bias, 1e-5, Activation::Silu, p.shift);
    const auto first = torch::autograd::grad({y.pow(3).sum()}, {p.x, p.shift}, {}, true, true);
    return torch::autograd::grad({first[0].pow(2).sum() + first[1].pow(2).sum()}, p.inputs());
  };
  const auto found = second(group_norm_act), expected = second(group_norm_act_composed);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_LT(relative(found[i], expected[i]), 1e-4);
}

TEST(GroupNormActLayout, AcceptsViewsAndThreeDimensions) {
  const Problem p = make({2, 6, 4, 8}, torch::kFloat32, false, false);
  const Tensor view = p.x.slice(3, 0, 8, 2);
  const Tensor y = group_norm_act(view, 3, p.weight, p.bias, 1e-5, Activation::None);
  EXPECT_LT(relative(y, torch::group_norm(view, 3, p.weight, p.bias, 1e-5)), 1e-5);
  const Tensor flat = p.x.flatten(2);
  EXPECT_LT(relative(group_norm_act(flat, 3, p.weight, p.bias, 1e-5, Activation::None),
                     torch::group_norm(flat, 3, p.weight, p.bias, 1e-5)),
            1e-5);
}

TEST(GroupNormActAutocast, KeepsBfloat16BetweenConvolutions) {
  const Problem p = make({2, 8, 6, 6}, torch::kFloat32, true, false);
  const Tensor kernel = torch::randn({8, 8, 3, 3}) * 0.1;
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const Tensor hidden = torch::conv2d(p.x, kernel, {}, 1, 1);
  const Tensor y = group_norm_act(hidden, 4, p.weight, p.bias, 1e-5, Activation::Silu);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  EXPECT_EQ(y.scalar_type(), torch::kBFloat16);
  EXPECT_LT(relative(y, group_norm_act(hidden.to(torch::kFloat32), 4, p.weight, p.bias, 1e-5, Activation::Silu)), 1e-2);
}

TEST(GroupNormActFailure, RefusesWhatDoesNotFit) {
  const Problem p = make({2, 6, 3, 4}, torch::kFloat32, false, false);
  EXPECT_THROW(group_norm_act(p.x, 4, p.weight, p.bias, 1e-5, Activation::None), std::invalid_argument);
  EXPECT_THROW(group_norm_act(p.x, 3, p.weight.slice(0, 0, 3), p.bias, 1e-5, Activation::None), std::invalid_argument);
  EXPECT_THROW(group_norm_act(p.x, 3, p.weight, p.bias, 1e-5, Activation::None, torch::zeros({6})),
               std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::nets
