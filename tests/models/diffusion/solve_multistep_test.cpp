// DPM-Solver++ and pseudo linear multistep against diffusers' trajectories and closed forms.
#include "models/diffusion/solve.h"
#include "tests/models/diffusion/known_cases.h"

#include <cmath>
#include <stdexcept>

namespace ctforge::diffusion {
namespace {

using test::error_at;
using test::oracle_noise;

torch::Tensor second_order(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels) {
  return solve_multistep(denoise, path, std::move(x), levels, {});
}

torch::Tensor third_order(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels) {
  return solve_multistep(denoise, path, std::move(x), levels, {.order = 3});
}

void expect_multistep_like_diffusers(const std::string& name, const Path& path, Target target,
                                     const MultistepOptions& options, double scale = 1, double tolerance = 1e-9) {
  SCOPED_TRACE(name);
  const test::Trajectory way(name, path);
  const auto x = solve_multistep(test::told_denoise(path, target, way.told), path, test::fixture() * scale, way.levels,
                                 options, oracle_noise);
  test::expect_summary(x, way.expected, tolerance);
}

TEST(Multistep, IsThatOfDiffusersOnAVariancePreservingPath) {
  const Path path = vp(linear_betas());
  expect_multistep_like_diffusers("multistep_1", path, Target::Noise, {.order = 1});
  expect_multistep_like_diffusers("multistep_2", path, Target::Noise, {});
  expect_multistep_like_diffusers("multistep_2_velocity", path, Target::Velocity, {});
  expect_multistep_like_diffusers("multistep_2_heun", path, Target::Noise, {.correction = Correction::Heun});
  expect_multistep_like_diffusers("multistep_3", path, Target::Noise, {.order = 3});
  expect_multistep_like_diffusers("multistep_3_lower_to_sigma_min", path, Target::Noise, {.order = 3});
  expect_multistep_like_diffusers("multistep_2_to_sigma_min", path, Target::Noise, {.lower_order_final = false});
  expect_multistep_like_diffusers("multistep_2_velocity_to_sigma_min", path, Target::Velocity,
                                  {.lower_order_final = false});
  expect_multistep_like_diffusers("multistep_2_karras_velocity_to_sigma_min", path, Target::Velocity,
                                  {.lower_order_final = false});
  expect_multistep_like_diffusers("multistep_2_karras", path, Target::Noise, {});
  expect_multistep_like_diffusers("multistep_2_log_snr", path, Target::Noise, {});
  expect_multistep_like_diffusers("multistep_2_exponential", path, Target::Noise, {});
  expect_multistep_like_diffusers("multistep_2_sde", path, Target::Noise, {.stochastic = true});
  expect_multistep_like_diffusers("multistep_2_sde_heun", path, Target::Noise,
                                  {.correction = Correction::Heun, .stochastic = true});
  expect_multistep_like_diffusers("multistep_2_cosine", vp(cosine_betas()), Target::Velocity, {});
  // The figures of diffusers' own tests.
  EXPECT_NEAR(test::oracle()["multistep_2_to_sigma_min"]["mean"].get<double>(), 0.3301, 1e-3);
  EXPECT_NEAR(test::oracle()["multistep_2_velocity_to_sigma_min"]["mean"].get<double>(), 0.2251, 1e-3);
  EXPECT_NEAR(test::oracle()["multistep_2_karras_velocity_to_sigma_min"]["mean"].get<double>(), 0.2096, 1e-3);
}

TEST(Multistep, IsThatOfDiffusersOnOtherPaths) {
  const double scale = std::sqrt(80.0 * 80.0 + 1);
  expect_multistep_like_diffusers("edm_multistep_2", ve(), Target::Edm, {}, scale);
  expect_multistep_like_diffusers("edm_multistep_3", ve(), Target::Edm, {.order = 3}, scale);
  expect_multistep_like_diffusers("edm_multistep_2_sde", ve(), Target::Edm, {.stochastic = true}, scale);
  expect_multistep_like_diffusers("multistep_2_flow", rectified(), Target::Flow, {});
}

TEST(Multistep, ConvergesWithOrderTwoToTheClosedForm) {
  const double coarse = error_at(second_order, 36), middle = error_at(second_order, 72);
  const double fine = error_at(second_order, 144);
  EXPECT_NEAR(coarse, 6.53e-3, 5e-6);
  EXPECT_NEAR(middle, 1.48e-3, 5e-6);
  EXPECT_NEAR(fine, 3.54e-4, 5e-7);
  EXPECT_NEAR(std::log2(middle / fine), 2, 0.07);
}

TEST(Multistep, IsNearerWithOrderThreeButOfOrderTwo) {
  for (const int n : {36, 72, 144}) EXPECT_LT(error_at(third_order, n), error_at(second_order, n) / 3) << n;
  EXPECT_NEAR(std::log2(error_at(third_order, 288) / error_at(third_order, 576)), 2, 0.07);
}

TEST(Multistep, BeginsWhereThereIsNoSignal) {
  const test::Gaussian gaussian;
  const Path path = rectified();
  const auto z = torch::full({1, 1, 1, 1}, 1.7, torch::kFloat64);
  for (const int order : {2, 3}) {
    const auto x = solve_multistep(gaussian.denoise(path), path, z,
                                   make_grid(Grid::Trailing, path, 200, test::kNoLimits), {.order = order});
    EXPECT_NEAR(x.item<double>(), gaussian.mu + gaussian.s * 1.7, 2e-3);
  }
}

TEST(Multistep, KeepsTheMarginalsOfGaussianDataWhereItIsStochastic) {
  const test::Gaussian gaussian;
  const Path path = vp(cosine_betas());
  const auto times = make_grid(Grid::LogSnr, path, 100);
  const AlphaSigma top = path.at(times[0]);
  const auto x = std::hypot(top.alpha * gaussian.s, top.sigma) * sample_noise(3, 0, kStartStream, {1, 1, 100, 200}) +
                 top.alpha * gaussian.mu;
  const auto noise = [](int step) { return sample_noise(3, 0, kFirstStepStream + step, {1, 1, 100, 200}); };
  const auto end = solve_multistep(gaussian.denoise(path), path, x, times, {.stochastic = true}, noise);
  EXPECT_NEAR(end.mean().item<double>(), gaussian.mu, 0.02);
  EXPECT_NEAR(end.std().item<double>(), gaussian.s, 0.012);
}

TEST(Pndm, IsThePseudoLinearMultistepOfDiffusers) {
  const Path path = vp(linear_betas());
  const auto& expected = test::oracle()["pndm"];
  const auto x = solve_pndm(test::told_denoise(path, Target::Noise, expected["told"].get<std::vector<double>>()), path,
                            test::fixture(), make_grid(Grid::Leading, path, 10, test::kNoLimits));
  test::expect_summary(x, expected, 1e-11);
}

TEST(Multistep, RefusesWhatItCannotSolve) {
  const Path path = ve();
  const Denoise zero = [](const torch::Tensor& x, double) -> Estimate { return x * 0; };
  const auto x = torch::ones({1});
  EXPECT_THROW(solve_multistep(zero, path, x, {{2, 1}}, {.order = 4}), std::invalid_argument);
  EXPECT_THROW(solve_multistep(zero, path, x, {{2, 1}}, {.order = 3, .stochastic = true}, oracle_noise),
               std::invalid_argument);
  EXPECT_THROW(solve_multistep(zero, path, x, {{2, 1}}, {.stochastic = true}), std::invalid_argument);
  EXPECT_THROW(solve_pndm(zero, path, x, {{4, 2, 1}}), std::invalid_argument);  // not even
  EXPECT_THROW(check_pndm(vp(cosine_betas()), {{999, 500}}), std::invalid_argument);
  EXPECT_THROW(solve_pndm(zero, rectified(), x, {{1, 0.5}}), std::invalid_argument);  // no signal at 1
}

}  // namespace
}  // namespace ctforge::diffusion
