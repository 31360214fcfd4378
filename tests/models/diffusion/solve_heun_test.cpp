// Heun's method, churn and the single-step solver against closed forms and diffusers' trajectories.
#include "models/diffusion/solve.h"
#include "tests/models/diffusion/known_cases.h"

#include <cmath>
#include <stdexcept>

namespace ctforge::diffusion {
namespace {

using test::error_at;

torch::Tensor heun(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels) {
  return solve_heun(denoise, path, std::move(x), levels, {});
}

TEST(Heun, ConvergesWithOrderTwoToTheClosedForm) {
  const double coarse = error_at(heun, 36), middle = error_at(heun, 72), fine = error_at(heun, 144);
  EXPECT_NEAR(coarse, 6.09e-3, 5e-6);
  EXPECT_NEAR(middle, 1.43e-3, 5e-6);
  EXPECT_NEAR(fine, 3.48e-4, 5e-7);
  EXPECT_NEAR(std::log2(middle / fine), 2, 0.06);
}

TEST(Heun, IsHeunOfDiffusersOnAVariancePreservingPath) {
  const Path path = vp(linear_betas());
  const auto& expected = test::oracle()["heun_karras"];
  const auto times = make_grid(Grid::Karras, path, 10, test::kNoLimits);
  for (std::size_t i = 0; i < times.size(); ++i) {
    EXPECT_NEAR(times[i], expected["times"][i == 0 ? 0 : 2 * i - 1].get<double>(), 1e-9);
  }
  const auto x =
      solve_heun(test::fixture_denoise(path, Target::Noise), path, test::fixture() * path.at(times[0]).sigma, times);
  test::expect_summary(x, expected, 1e-9);
}

TEST(Heun, IsThatOfDiffusersOnTheRectifiedPath) {
  const Path path = rectified();
  const test::Trajectory flow("flow_heun", path);
  test::expect_summary(
      solve_heun(test::told_denoise(path, Target::Flow, flow.told), path, test::fixture(), flow.levels), flow.expected,
      1e-11);
}

TEST(Heun, ConvergesWithOrderTwoFromNoiseWithoutSignal) {
  // On the rectified path data N(mu, s^2) end at mu + s z for noise z.
  const test::Gaussian gaussian;
  const Path path = rectified();
  const auto z = torch::full({1, 1, 1, 1}, 1.7, torch::kFloat64);
  const auto error = [&](int n) {
    const auto x = solve_heun(gaussian.denoise(path), path, z, make_grid(Grid::Trailing, path, n, test::kNoLimits));
    return (x - (gaussian.mu + gaussian.s * z)).abs().item<double>();
  };
  EXPECT_NEAR(std::log2(error(40) / error(80)), 2, 0.1);
}

TEST(Heun, AsksTwiceAStepExceptForTheLast) {
  const Path path = ve();
  int calls = 0;
  const Denoise denoise = [&](const torch::Tensor& x, double) -> Estimate { return ++calls, x * 0; };
  solve_heun(denoise, path, torch::ones({1, 1, 1, 1}), make_grid(Grid::Karras, path, 6));
  EXPECT_EQ(calls, 11);
}

TEST(Churn, KeepsTheExactMarginalsOfGaussianData) {
  const test::Gaussian gaussian;
  for (const Path& path : {ve(), vp(cosine_betas()), rectified()}) {
    const auto times = make_grid(Grid::Karras, path, 200);
    const AlphaSigma top = path.at(times[0]);
    const auto start = sample_noise(3, 0, kStartStream, {1, 1, 100, 200});
    const auto x = std::hypot(top.alpha * gaussian.s, top.sigma) * start + top.alpha * gaussian.mu;
    const auto noise = [](int step) { return sample_noise(3, 0, kFirstStepStream + step, {1, 1, 100, 200}); };
    const auto end = solve_heun(gaussian.denoise(path), path, x, times, {.amount = 40, .low = 0.05, .high = 50}, noise);
    EXPECT_NEAR(end.mean().item<double>(), gaussian.mu, 0.02);
    EXPECT_NEAR(end.std().item<double>(), gaussian.s, 0.012);
    EXPECT_LT(torch::corrcoef(torch::stack({end.flatten(), start.to(torch::kFloat64).flatten()}))[0][1].item<double>(),
              0.9);
  }
}

TEST(Churn, AddsNoiseAsInTheAlgorithmOfThePaper) {
  // One step of algorithm 2 by hand, data known to be 0: x_hat = x + sqrt(s_hat^2 - s^2) S_noise z, then x_hat
  // s'/s_hat.
  const Path path = ve();
  const Denoise zero = [](const torch::Tensor& x, double) -> Estimate { return x * 0; };
  const auto ones = [](int) { return torch::ones({1}); };
  const ChurnOptions churn{.amount = 0.25, .low = 1, .high = 3, .noise = 1.1};  // gamma = 0.25
  const auto x = solve_heun(zero, path, torch::ones({1}), {{2}, 1}, churn, ones);
  EXPECT_NEAR(x.item<double>(), (1 + std::sqrt(2.5 * 2.5 - 4) * 1.1) / 2.5, 1e-12);
  const auto outside = solve_heun(zero, path, torch::ones({1}), {{4}, 1}, churn, ones);
  EXPECT_NEAR(outside.item<double>(), 0.25, 1e-12);
  EXPECT_THROW(solve_heun(zero, path, torch::ones({1}), {{2, 1}}, churn), std::invalid_argument);
  EXPECT_THROW(solve_heun(zero, path, torch::ones({1}), {{2, 1}}, {.low = 2, .high = 1}), std::invalid_argument);
}

torch::Tensor singlestep(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels) {
  return solve_singlestep(denoise, path, std::move(x), levels);
}

TEST(Heun, IsSteadyFromTheEndOfTheCosineSchedule) {
  // Its last level has a ratio of 20291 and the next of 18 one of 12: against sigma / alpha a step of 18 would end with
  // a deviation of 1.3.
  const test::Gaussian gaussian;
  const Path path = vp(cosine_betas());
  const auto times = make_grid(Grid::Trailing, path, 18, test::kNoLimits);
  const auto z = sample_noise(3, 0, kStartStream, {1, 1, 100, 100});
  EXPECT_NEAR(solve_heun(gaussian.denoise(path), path, starting_point(path, 999, z), times).std().item<double>(),
              gaussian.s, 0.03);
}

TEST(Singlestep, IsThatOfDiffusers) {
  const Path path = vp(linear_betas());
  const test::Trajectory pairs("singlestep", path);
  std::vector<double> times;
  for (std::size_t i = 0; i < pairs.levels.times.size(); i += 2) times.push_back(pairs.levels.times[i]);
  const auto x = solve_singlestep(test::told_denoise(path, Target::Noise, pairs.told), path, test::fixture(),
                                  {times, pairs.levels.end});
  test::expect_summary(x, pairs.expected, 1e-9);
}

TEST(Singlestep, ConvergesWithOrderTwo) {
  EXPECT_NEAR(std::log2(error_at(singlestep, 72) / error_at(singlestep, 144)), 2, 0.1);
  EXPECT_LT(error_at(singlestep, 144), 1e-3);
}

}  // namespace
}  // namespace ctforge::diffusion
