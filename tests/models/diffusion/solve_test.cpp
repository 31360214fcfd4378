// Solvers against closed forms (Gaussian data, a mixture of two) and against diffusers' trajectories.
#include "models/diffusion/solve.h"

#include "tests/models/diffusion/known_cases.h"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace ctforge::diffusion {
namespace {

using test::error_at;
using test::kNoLimits;
using test::oracle_noise;

torch::Tensor euler(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels) {
  return solve_first_order(denoise, path, std::move(x), levels, {});
}

TEST(FirstOrder, ConvergesWithOrderOneToTheClosedForm) {
  const double coarse = error_at(euler, 36), middle = error_at(euler, 72), fine = error_at(euler, 144);
  EXPECT_NEAR(coarse, 3.88e-2, 5e-5);
  EXPECT_NEAR(middle, 1.95e-2, 5e-5);
  EXPECT_NEAR(fine, 9.80e-3, 5e-6);
  EXPECT_NEAR(std::log2(middle / fine), 1, 0.02);
}

TEST(StartingPoint, HasTheVarianceOfThePathsPrior) {
  const auto noise = torch::ones({1});
  const auto at = [&noise](const Path& path, double t) { return starting_point(path, t, noise).item<double>(); };
  EXPECT_DOUBLE_EQ(at(ve(), 80), 80);
  EXPECT_DOUBLE_EQ(at(vp(linear_betas()), 900), 1);
  EXPECT_DOUBLE_EQ(at(rectified(), 1), 1);
  EXPECT_DOUBLE_EQ(at(rectified(), 0.6), std::hypot(0.4, 0.6));
}

TEST(StartingPoint, OfAVariationIsCleanDataNoised) {
  const auto clean = torch::full({1}, 3.0), noise = torch::full({1}, 2.0);
  EXPECT_DOUBLE_EQ(starting_point(ve(), 5, clean, noise).item<double>(), 13);
  EXPECT_DOUBLE_EQ(starting_point(rectified(), 0.25, clean, noise).item<double>(), 2.75);
}

TEST(FirstOrder, IsDdimOfDiffusers) {
  const Path linear = vp(linear_betas()), cosine = vp(cosine_betas());
  const auto run = [](const Path& path, Target target, Grid grid, double clip) {
    auto denoise = test::fixture_denoise(path, target);
    if (clip > 0) denoise = clipped(denoise, clip);
    return solve_first_order(denoise, path, test::fixture(), make_grid(grid, path, 10, kNoLimits), {});
  };
  const auto& expected = test::oracle();
  test::expect_summary(run(linear, Target::Noise, Grid::Leading, 0), expected["ddim"], 1e-12);
  test::expect_summary(run(linear, Target::Noise, Grid::Leading, 0.2), expected["ddim_clip"], 1e-12);
  test::expect_summary(run(linear, Target::Velocity, Grid::Leading, 0), expected["ddim_velocity"], 1e-12);
  test::expect_summary(run(linear, Target::Noise, Grid::Trailing, 0), expected["ddim_trailing"], 1e-12);
  test::expect_summary(run(cosine, Target::Data, Grid::Trailing, 0), expected["ddim_cosine_data"], 1e-10);
}

TEST(FirstOrder, ReachesTheSumsOfDiffusersDdimTests) {
  const auto sum = [](const Path& path, Target target, bool to_data) {
    Levels levels = make_grid(Grid::Leading, path, 10, kNoLimits);
    if (!to_data) {  // set_alpha_to_one=False: the last step goes nowhere
      levels.end = levels.times.back();
      levels.times.pop_back();
    }
    const auto denoise = clipped(test::fixture_denoise(path, target), 1);
    return solve_first_order(denoise, path, test::fixture(), levels, {}).abs().sum().item<double>();
  };
  const Path linear = vp(linear_betas()), steeper = vp(linear_betas(1000, 0.01, 0.02));
  EXPECT_NEAR(sum(linear, Target::Noise, true), 172.0067, 1e-3);
  EXPECT_NEAR(sum(linear, Target::Velocity, true), 52.5302, 1e-3);
  EXPECT_NEAR(sum(steeper, Target::Noise, true), 149.8295, 1e-3);
  EXPECT_NEAR(sum(steeper, Target::Noise, false), 149.0784, 1e-3);
}

TEST(FirstOrder, IsStochasticDdimOfDiffusers) {
  const Path path = vp(linear_betas());
  const auto x = solve_first_order(test::fixture_denoise(path, Target::Noise), path, test::fixture(),
                                   make_grid(Grid::Leading, path, 10, kNoLimits), {.eta = 1}, oracle_noise);
  test::expect_summary(x, test::oracle()["ddim_eta_1"], 1e-12);
}

TEST(FirstOrder, IsTheAncestralStepOfDdpmAtEtaOne) {
  const Path path = vp(linear_betas());
  for (const auto& row : test::oracle()["ddpm_steps"]) {
    const double t = row["t"];
    const auto x = solve_first_order(test::fixture_denoise(path, Target::Noise), path, test::fixture(), {{t}, t - 1},
                                     {.eta = 1}, oracle_noise);
    test::expect_summary(x, row, 1e-11);
  }
}

TEST(FirstOrder, HasTheVariancesOfDiffusersAncestralStep) {
  const Path path = vp(linear_betas());
  const auto one_step = [&](double t, const Denoise& denoise, StepVariance variance) {
    return solve_first_order(denoise, path, test::fixture(), {{t}, t - 1}, {.eta = 1, .variance = variance},
                             oracle_noise);
  };
  const Denoise denoise = test::fixture_denoise(path, Target::Noise);
  const Denoise with_variance = [&](const torch::Tensor& x, double t) -> Estimate {
    return {denoise(x, t).data, (test::fixture() + 1) / 2};
  };
  for (const auto& row : test::oracle()["ancestral_fixed_large"])
    test::expect_summary(one_step(row["t"], denoise, StepVariance::Greatest), row, 1e-11);
  for (const auto& row : test::oracle()["ancestral_learned_range"])
    test::expect_summary(one_step(row["t"], with_variance, StepVariance::Learned), row, 1e-11);
}

TEST(FirstOrder, HasTheLearnedVariancesOfDiffusersOwnTest) {
  // test_scheduler_unclip.py: a prediction of 0.5 on the cosine schedule; logarithms of the step's variance. Its value
  // for t = 1 is float32's; float64 gives -10.17136.
  const Path path = vp(cosine_betas());
  const Denoise half = [](const torch::Tensor& x, double) -> Estimate { return {x * 0, torch::full_like(x, 0.75)}; };
  const FirstOrderOptions options{.eta = 1, .variance = StepVariance::Learned};
  const auto log_variance = [&](double t) {
    // Data and state are zero: what is left after the step is the spread itself.
    const auto x =
        solve_first_order(half, path, torch::zeros({1}), {{t}, t - 1}, options, [](int) { return torch::ones({1}); });
    return 2 * std::log(x.item<double>());
  };
  EXPECT_NEAR(log_variance(1), -10.17136, 1e-4);
  EXPECT_NEAR(log_variance(487), -5.7998052, 1e-6);
  EXPECT_NEAR(log_variance(999), -0.0010011, 1e-6);
}

TEST(FirstOrder, HasTheVariancesOfDiffusersDdpmTest) {
  const Path path = vp(linear_betas());
  const Denoise zero = [](const torch::Tensor& x, double) -> Estimate { return x * 0; };
  const auto variance = [&](double t) {
    const auto x = solve_first_order(zero, path, torch::zeros({1}), {{t}, t - 1}, {.eta = 1},
                                     [](int) { return torch::ones({1}); });
    return x.square().item<double>();
  };
  EXPECT_NEAR(variance(487), 0.00979, 1e-5);
  EXPECT_NEAR(variance(999), 0.02, 1e-5);
}

// The sample of diffusers' tests as it lies there, and PyTorch's generator with their seed 0.
torch::Tensor permuted_fixture() { return test::fixture().view({3, 8, 8, 4}).permute({3, 0, 1, 2}); }

NoiseSource seeded_noise() {
  return [generator = at::make_generator<at::CPUGeneratorImpl>(0)](int) {
    return torch::randn({4, 3, 8, 8}, generator, torch::kFloat32);
  };
}

// The full loops of diffusers' test_scheduler_ddpm.py: 1000 steps.
double ddpm_sum(Target target) {
  const Path path = vp(linear_betas());
  const auto times = make_grid(Grid::Trailing, path, 1000, kNoLimits);
  return solve_first_order(clipped(test::fixture_denoise(path, target), 1), path, permuted_fixture(), times, {.eta = 1},
                           seeded_noise())
      .abs()
      .sum()
      .item<double>();
}

TEST(FirstOrder, ReachesTheSumsOfDiffusersDdpmTests) {
  EXPECT_NEAR(ddpm_sum(Target::Noise), 258.9606, 1e-2);
  EXPECT_NEAR(ddpm_sum(Target::Velocity), 202.0296, 1e-2);
}

TEST(FirstOrder, IsEulerOfRectifiedFlow) {
  const Path path = rectified();
  const test::Trajectory flow("flow_euler", path);
  test::expect_summary(
      solve_first_order(test::told_denoise(path, Target::Flow, flow.told), path, test::fixture(), flow.levels, {}),
      flow.expected, 1e-11);
  // Gaussian data of deviation 0 flow along straight lines: one step is exact.
  const auto noise = torch::randn({1, 1, 2, 2}, torch::kFloat64);
  const auto x = solve_first_order(test::Gaussian{0.3, 0}.denoise(path), path, noise, {{1}}, {});
  EXPECT_TRUE(torch::allclose(x, torch::full_like(x, 0.3)));
}

TEST(Consistency, IsThatOfDiffusers) {
  const Path path = ve();
  for (const char* name : {"consistency_1", "consistency_2"}) {
    const test::Trajectory steps(name, path);
    const auto x = solve_consistency(test::told_denoise(path, Target::Boundary, steps.told), path, test::fixture() * 80,
                                     steps.levels, oracle_noise);
    test::expect_summary(x, steps.expected, 1e-11);
  }
}

TEST(Consistency, ReachesTheSumsOfDiffusersTests) {
  const Path path = ve();
  const auto sum = [&path](const char* name) {
    const test::Trajectory steps(name, path);
    const auto denoise = clipped(test::told_denoise(path, Target::Boundary, steps.told), 1);
    return solve_consistency(denoise, path, permuted_fixture() * 80, steps.levels, seeded_noise())
        .abs()
        .sum()
        .item<double>();
  };
  EXPECT_NEAR(sum("consistency_1"), 192.7614, 1e-3);
  EXPECT_NEAR(sum("consistency_2"), 347.6357, 1e-3);
}

TEST(FirstOrder, IsEdmEulerOfDiffusers) {
  const Path path = ve();
  const auto x = solve_first_order(test::fixture_denoise(path, Target::Edm), path,
                                   test::fixture() * std::sqrt(80.0 * 80.0 + 1), make_grid(Grid::Karras, path, 10), {});
  test::expect_summary(x, test::oracle()["edm_euler"], 1e-11);
  EXPECT_NEAR(x.abs().sum().item<double>(), 34.1855, 1e-3);  // the figure of diffusers' own test
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
    const auto end = solve_first_order(gaussian.denoise(path), path, x, times, {.eta = eta}, noise);
    EXPECT_NEAR(end.mean().item<double>(), gaussian.mu, 0.02) << eta;
    EXPECT_NEAR(end.std().item<double>(), gaussian.s, 0.012) << eta;
  }
}

TEST(Solve, StopsWhereTheHookSays) {
  const Path path = ve();
  std::vector<int> seen;
  const auto stop_after_two = [&](int done, const torch::Tensor&) { return seen.push_back(done), done < 2; };
  const Denoise zero = [](const torch::Tensor& x, double) -> Estimate { return x * 0; };
  const auto times = make_grid(Grid::Karras, path, 6);
  const auto x =
      solve_first_order(zero, path, torch::full({1}, times[0], torch::kFloat64), times, {}, {}, stop_after_two);
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
  EXPECT_NEAR(x.item<double>(), times[2], 1e-12);  // data 0: x shrinks with sigma
}

TEST(Solve, RefusesWhatItCannotSolve) {
  const Path path = ve();
  const Denoise zero = [](const torch::Tensor& x, double) -> Estimate { return x * 0; };
  const auto x = torch::ones({1});
  EXPECT_THROW(solve_first_order(zero, path, x, std::vector<double>{}, {}), std::invalid_argument);
  EXPECT_THROW(solve_first_order(zero, path, x, {{1, 2}}, {}), std::invalid_argument);
  EXPECT_THROW(solve_first_order(zero, path, x, {{2, 1}}, {.eta = 0.5}), std::invalid_argument);  // no source of noise
  EXPECT_THROW(solve_first_order(zero, path, x, {{2, 1}}, {.eta = 2}, oracle_noise), std::invalid_argument);
  const FirstOrderOptions half_large{.eta = 0.5, .variance = StepVariance::Greatest};
  EXPECT_THROW(solve_first_order(zero, path, x, {{2, 1}}, half_large, oracle_noise), std::invalid_argument);
  const FirstOrderOptions learned{.eta = 1, .variance = StepVariance::Learned};
  EXPECT_THROW(solve_first_order(zero, path, x, {{2, 1}}, learned, oracle_noise), std::invalid_argument);
  EXPECT_THROW(solve_consistency(zero, path, x, {{2, 1}}, {}), std::invalid_argument);
  EXPECT_THROW(clipped(zero, 0), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::diffusion
