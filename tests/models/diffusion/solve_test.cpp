// Solvers against closed forms (Gaussian data, a mixture of two) and against diffusers' trajectories.
#include "models/diffusion/solve.h"

#include "models/diffusion/grid.h"
#include "tests/models/diffusion/known_cases.h"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace ctforge::diffusion {
namespace {

const GridOptions kNoLimits{7, 0, std::numeric_limits<double>::infinity()};

using Solve = std::function<torch::Tensor(const Denoise&, const Path&, torch::Tensor, const std::vector<double>&,
                                          const StepHook&)>;

torch::Tensor euler(const Denoise& denoise, const Path& path, torch::Tensor x, const std::vector<double>& times,
                    const StepHook& hook) {
  return solve_first_order(denoise, path, std::move(x), times, 0, {}, hook);
}

torch::Tensor heun(const Denoise& denoise, const Path& path, torch::Tensor x, const std::vector<double>& times,
                   const StepHook& hook) {
  return solve_heun(denoise, path, std::move(x), times, hook);
}

// Error at the last level of n, for data N(0.3, 0.25) and x_T = 80.
double error_at(const Solve& solve, int n) {
  const test::Gaussian gaussian;
  const Path path = ve();
  const auto x = torch::full({1, 1, 1, 1}, 80.0, torch::kFloat64);
  const auto reached = solve(gaussian.denoise(path), path, x, make_grid(Grid::Karras, path, n),
                             [n](int done, const torch::Tensor&) { return done < n - 1; });
  return (reached - gaussian.flow(x, 80, 0.002)).abs().item<double>();
}

TEST(FirstOrder, ConvergesWithOrderOneToTheClosedForm) {
  const double coarse = error_at(euler, 36), middle = error_at(euler, 72), fine = error_at(euler, 144);
  EXPECT_NEAR(coarse, 3.88e-2, 5e-5);
  EXPECT_NEAR(middle, 1.95e-2, 5e-5);
  EXPECT_NEAR(fine, 9.80e-3, 5e-6);
  EXPECT_NEAR(std::log2(middle / fine), 1, 0.02);
}

TEST(Heun, ConvergesWithOrderTwoToTheClosedForm) {
  const double coarse = error_at(heun, 36), middle = error_at(heun, 72), fine = error_at(heun, 144);
  EXPECT_NEAR(coarse, 6.09e-3, 5e-6);
  EXPECT_NEAR(middle, 1.43e-3, 5e-6);
  EXPECT_NEAR(fine, 3.48e-4, 5e-7);
  EXPECT_NEAR(std::log2(middle / fine), 2, 0.06);
}

TEST(FirstOrder, IsDdimOfDiffusers) {
  const Path linear = vp(linear_betas()), cosine = vp(cosine_betas());
  const auto run = [](const Path& path, Target target, Grid grid, double clip) {
    auto denoise = test::fixture_denoise(path, target);
    if (clip > 0) denoise = clipped(denoise, clip);
    return solve_first_order(denoise, path, test::fixture(), make_grid(grid, path, 10, kNoLimits), 0);
  };
  const auto& expected = test::oracle();
  test::expect_summary(run(linear, Target::Noise, Grid::Leading, 0), expected["ddim"], 1e-12);
  test::expect_summary(run(linear, Target::Noise, Grid::Leading, 0.2), expected["ddim_clip"], 1e-12);
  test::expect_summary(run(linear, Target::Velocity, Grid::Leading, 0), expected["ddim_velocity"], 1e-12);
  test::expect_summary(run(linear, Target::Noise, Grid::Trailing, 0), expected["ddim_trailing"], 1e-12);
  test::expect_summary(run(cosine, Target::Data, Grid::Trailing, 0), expected["ddim_cosine_data"], 1e-10);
  // The figure of diffusers' own test.
  EXPECT_NEAR(run(linear, Target::Noise, Grid::Leading, 1).abs().sum().item<double>(), 172.0067, 1e-2);
}

// The noise the oracle's script uses for step i.
torch::Tensor oracle_noise(int step) {
  return torch::cos(torch::arange(768, torch::kFloat64) * (step + 1)).view({4, 3, 8, 8});
}

TEST(FirstOrder, IsStochasticDdimOfDiffusers) {
  const Path path = vp(linear_betas());
  const auto x = solve_first_order(test::fixture_denoise(path, Target::Noise), path, test::fixture(),
                                   make_grid(Grid::Leading, path, 10, kNoLimits), 1, oracle_noise);
  test::expect_summary(x, test::oracle()["ddim_eta_1"], 1e-12);
}

TEST(FirstOrder, IsTheAncestralStepOfDdpmAtEtaOne) {
  const Path path = vp(linear_betas());
  for (const auto& row : test::oracle()["ddpm_steps"]) {
    const double t = row["t"];
    const auto x = solve_first_order(test::fixture_denoise(path, Target::Noise), path, test::fixture(), {t, t - 1}, 1,
                                     oracle_noise, [](int, const torch::Tensor&) { return false; });
    test::expect_summary(x, row, 1e-11);
  }
}

TEST(FirstOrder, IsEdmEulerOfDiffusers) {
  const Path path = ve();
  const auto x = solve_first_order(test::fixture_denoise(path, Target::Edm), path,
                                   test::fixture() * std::sqrt(80.0 * 80.0 + 1), make_grid(Grid::Karras, path, 10), 0);
  test::expect_summary(x, test::oracle()["edm_euler"], 1e-11);
  EXPECT_NEAR(x.abs().sum().item<double>(), 34.1855, 1e-3);  // the figure of diffusers' own test
}

TEST(Heun, IsHeunOfDiffusersOnAVariancePreservingPath) {
  const Path path = vp(linear_betas());
  const auto& expected = test::oracle()["heun_karras"];
  const auto times = make_grid(Grid::Karras, path, 10, kNoLimits);
  for (std::size_t i = 0; i < times.size(); ++i) {
    EXPECT_NEAR(times[i], expected["times"][i == 0 ? 0 : 2 * i - 1].get<double>(), 1e-9);
  }
  const auto x =
      solve_heun(test::fixture_denoise(path, Target::Noise), path, test::fixture() * path.at(times[0]).sigma, times);
  test::expect_summary(x, expected, 1e-9);
}

TEST(FirstOrder, KeepsTheExactMarginalsOfGaussianDataAtAnyEta) {
  // Samples of level sigma stay samples of every level: mean alpha mu, variance alpha^2 s^2 + sigma^2.
  const test::Gaussian gaussian;
  const Path path = vp(cosine_betas());
  const auto times = make_grid(Grid::Trailing, path, 250);
  const AlphaSigma top = path.at(times[0]);
  for (const double eta : {0.0, 0.5, 1.0}) {
    const auto start = sample_noise(3, 0, kStartStream, {1, 1, 100, 200});
    const auto x =
        torch::hypot(torch::tensor(top.alpha * gaussian.s), torch::tensor(top.sigma)) * start + top.alpha * gaussian.mu;
    const auto noise = [](int step) { return sample_noise(3, 0, kFirstStepStream + step, {1, 1, 100, 200}); };
    const auto end = solve_first_order(gaussian.denoise(path), path, x, times, eta, noise);
    EXPECT_NEAR(end.mean().item<double>(), gaussian.mu, 0.02) << eta;
    EXPECT_NEAR(end.std().item<double>(), gaussian.s, 0.012) << eta;
  }
}

TEST(Solve, FindsBothModesOfAMixtureInProportion) {
  // Data: -1 with weight 0.3 and +1 with weight 0.7, each with deviation 0.1; the exact posterior mean.
  const Path path = ve();
  const Denoise denoise = [](const torch::Tensor& x, double sigma) {
    const double variance = 0.01 + sigma * sigma;
    const auto of_high = torch::sigmoid(2 * x / variance + std::log(0.7 / 0.3));
    const auto centre = 2 * of_high - 1;
    // Each mode's own posterior mean: centre + (x - centre) 0.01 / variance; the mean of centres is `centre`.
    return centre + (x - centre) * (0.01 / variance);
  };
  const auto times = make_grid(Grid::Karras, path, 40);
  const auto x = starting_point(path, times[0], sample_noise(1, 0, kStartStream, {1, 1, 64, 64}));
  const auto end = solve_heun(denoise, path, x, times);
  const auto high = end > 0;
  EXPECT_NEAR(high.to(torch::kFloat64).mean().item<double>(), 0.7, 0.03);
  EXPECT_NEAR(end.masked_select(high).mean().item<double>(), 1, 0.02);
  EXPECT_NEAR(end.masked_select(high).std().item<double>(), 0.1, 0.02);
  EXPECT_NEAR(end.masked_select(~high).mean().item<double>(), -1, 0.02);
}

TEST(Heun, AsksTwiceAStepExceptForTheLast) {
  const Path path = ve();
  int calls = 0;
  const Denoise denoise = [&](const torch::Tensor& x, double) { return ++calls, x * 0; };
  solve_heun(denoise, path, torch::ones({1, 1, 1, 1}), make_grid(Grid::Karras, path, 6));
  EXPECT_EQ(calls, 11);
}

TEST(Solve, StopsWhereTheHookSays) {
  const Path path = ve();
  std::vector<int> seen;
  const auto stop_after_two = [&](int done, const torch::Tensor&) { return seen.push_back(done), done < 2; };
  const Denoise zero = [](const torch::Tensor& x, double) { return x * 0; };
  const auto times = make_grid(Grid::Karras, path, 6);
  const auto x =
      solve_first_order(zero, path, torch::full({1}, times[0], torch::kFloat64), times, 0, {}, stop_after_two);
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
  EXPECT_NEAR(x.item<double>(), times[2], 1e-12);  // data 0: x shrinks with sigma
}

TEST(Solve, RefusesWhatItCannotSolve) {
  const Path path = ve();
  const Denoise zero = [](const torch::Tensor& x, double) { return x * 0; };
  const auto x = torch::ones({1});
  EXPECT_THROW(solve_heun(zero, path, x, {}), std::invalid_argument);
  EXPECT_THROW(solve_heun(zero, path, x, {1, 2}), std::invalid_argument);
  EXPECT_THROW(solve_first_order(zero, path, x, {2, 1}, 0.5), std::invalid_argument);  // no source of noise
  EXPECT_THROW(solve_first_order(zero, path, x, {2, 1}, 2, oracle_noise), std::invalid_argument);
  EXPECT_THROW(clipped(zero, 0), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::diffusion
