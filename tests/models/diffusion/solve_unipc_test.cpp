// UniPC against diffusers' trajectories and the closed form.
#include "models/diffusion/solve.h"
#include "tests/models/diffusion/known_cases.h"

#include <cmath>
#include <stdexcept>

namespace ctforge::diffusion {
namespace {

torch::Tensor order_two(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels) {
  return solve_unipc(denoise, path, std::move(x), levels, {.lower_order_final = false});
}

void expect_like_diffusers(const std::string& name, const Path& path, Target target, const UniPcOptions& options) {
  SCOPED_TRACE(name);
  const test::Trajectory way(name, path);
  const auto x = solve_unipc(test::told_denoise(path, target, way.told), path, test::fixture(), way.levels, options);
  test::expect_summary(x, way.expected, 1e-9);
}

TEST(UniPc, IsThatOfDiffusers) {
  const Path path = vp(linear_betas());
  expect_like_diffusers("unipc_1", path, Target::Noise, {.order = 1});
  expect_like_diffusers("unipc_2", path, Target::Noise, {});
  expect_like_diffusers("unipc_3", path, Target::Noise, {.order = 3});
  expect_like_diffusers("unipc_2_karras", path, Target::Noise, {});
  expect_like_diffusers("unipc_2_to_sigma_min", path, Target::Noise, {});
  expect_like_diffusers("unipc_2_velocity_to_sigma_min", path, Target::Velocity, {});
  expect_like_diffusers("unipc_2_karras_to_sigma_min", path, Target::Noise, {});
  expect_like_diffusers("unipc_2_bh1", path, Target::Noise, {.exponential_b = false});
  expect_like_diffusers("unipc_3_bh1", path, Target::Noise, {.order = 3, .exponential_b = false});
  expect_like_diffusers("unipc_2_flow", rectified(), Target::Flow, {});
}

TEST(UniPc, ReachesTheMeansOfDiffusersOwnTests) {
  EXPECT_NEAR(test::oracle()["unipc_2_to_sigma_min"]["mean"].get<double>(), 0.2464, 1e-3);
  EXPECT_NEAR(test::oracle()["unipc_2_velocity_to_sigma_min"]["mean"].get<double>(), 0.1014, 1e-3);
  EXPECT_NEAR(test::oracle()["unipc_2_karras_to_sigma_min"]["mean"].get<double>(), 0.2925, 1e-3);
}

TEST(UniPc, ConvergesWithOrderThreeToTheClosedForm) {
  const double coarse = test::error_at(order_two, 36), middle = test::error_at(order_two, 72);
  const double fine = test::error_at(order_two, 144);
  EXPECT_NEAR(coarse, 2.61e-3, 1e-5);
  EXPECT_NEAR(middle, 3.05e-4, 1e-6);
  EXPECT_NEAR(fine, 3.68e-5, 1e-7);
  EXPECT_NEAR(std::log2(middle / fine), 3, 0.07);
}

TEST(UniPc, BeginsWhereThereIsNoSignal) {
  const test::Gaussian gaussian;
  const Path path = rectified();
  const auto z = torch::full({1, 1, 1, 1}, 1.7, torch::kFloat64);
  const auto x =
      solve_unipc(gaussian.denoise(path), path, z, make_grid(Grid::Trailing, path, 200, test::kNoLimits), {.order = 3});
  EXPECT_NEAR(x.item<double>(), gaussian.mu + gaussian.s * 1.7, 2e-3);
}

TEST(UniPc, RefusesAnOrderItHasNot) {
  const Path path = ve();
  const Denoise zero = [](const torch::Tensor& x, double) -> Estimate { return x * 0; };
  EXPECT_THROW(solve_unipc(zero, path, torch::ones({1}), {{2, 1}}, {.order = 0}), std::invalid_argument);
  EXPECT_THROW(solve_unipc(zero, path, torch::ones({1}), {{2, 1}}, {.order = 4}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::diffusion
