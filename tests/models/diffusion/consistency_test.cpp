// Losses of consistency models for Gaussian data, whose consistency function is known in closed form.
#include "models/diffusion/consistency.h"

#include "tests/models/diffusion/known_cases.h"

#include <cmath>
#include <stdexcept>

namespace ctforge::diffusion {
namespace {

torch::Generator consistency_generator(std::uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

// F(c_in x, c_noise) of the network whose estimate is where the probability flow of N(mu, s^2) from x / alpha ends:
// mu + (x / alpha - mu) s / sqrt(s^2 + r^2).
Net exact_network(const test::Gaussian& gaussian, const Parametrisation& parametrisation) {
  return [gaussian, parametrisation](const torch::Tensor& input, const torch::Tensor& c_noise, const Condition&) {
    auto output = torch::empty_like(input);
    for (std::int64_t i = 0; i < input.size(0); ++i) {
      const Path& path = parametrisation.path;
      const double t = test::Gaussian::time_of(path, c_noise[i].item<double>());
      const AlphaSigma level = path.at(t);
      const Precond c = precond(parametrisation.target, level, t, path, parametrisation.sigma_data);
      const auto x = input[i].to(torch::kFloat64) / c.c_in;
      const double shrink = gaussian.s / std::hypot(gaussian.s, level.ratio());
      const auto end = gaussian.mu + (x / level.alpha - gaussian.mu) * shrink;
      output[i] = c.c_out > 0 ? (end - c.c_skip * x) / c.c_out : torch::zeros_like(x);
    }
    return output;
  };
}

DenoiseEach exact_teacher(const test::Gaussian& gaussian, const Path& path) {
  return [gaussian, path](const torch::Tensor& x, const std::vector<double>& times) -> Estimate {
    std::vector<torch::Tensor> rows;
    for (std::size_t i = 0; i < times.size(); ++i)
      rows.push_back(gaussian.denoise(path)(x[static_cast<std::int64_t>(i)], times[i]).data);
    return torch::stack(rows);
  };
}

TEST(Consistency, BringsTheTwoPointsNearerStageByStage) {
  const Path path = ve();
  ConsistencyOptions options;
  EXPECT_EQ(cleaner_ratio(options, path, 1), 0);  // data
  options.stage = 4;
  // 1 - (1 + 8 sigmoid(-1)) / 16
  EXPECT_NEAR(cleaner_ratio(options, path, 1), 1 - (1 + 8 / (1 + std::exp(1.0))) / 16, 1e-12);
  EXPECT_NEAR(cleaner_ratio(options, path, 80), 80.0 * 15 / 16, 1e-9);
  EXPECT_EQ(cleaner_ratio(options, path, 0.0022), 0);  // below the path's cleanest level
  options.stage = 8;
  EXPECT_NEAR(cleaner_ratio(options, path, 80), 80.0 * 255 / 256, 1e-9);
}

TEST(Consistency, DistillationFromTheExactTeacherLeavesNothingForTheExactNetwork) {
  const test::Gaussian gaussian;
  for (const Path& path : {ve(), vp(cosine_betas())}) {
    const Parametrisation parametrisation{path, Target::Boundary, 0.5};
    ConsistencyOptions options;
    options.stage = 7;
    options.huber = 0;
    const auto loss = [&](const Net& net) {
      auto random = consistency_generator(1);
      const auto x0 = gaussian.mu + gaussian.s * torch::randn({64, 1, 4, 4}, random, torch::kFloat32);
      const auto noise = torch::randn(x0.sizes(), random, torch::kFloat32);
      return consistency_loss(net, parametrisation, x0, noise, {}, options, random, exact_teacher(gaussian, path))
          .per_sample.median()
          .item<double>();
    };
    // Not nothing: Heun's steps have errors of third order. The network that answers with the mean of all data that a
    // point may come from, as a denoiser does, is not consistent.
    EXPECT_LT(loss(exact_network(gaussian, parametrisation)), 0.02 * loss(gaussian.network(parametrisation)));
  }
}

TEST(Consistency, IsThePseudoHuberDistanceOverTheGap) {
  // A network whose estimate is twice x / alpha: the two points of one noise differ by 2 (r - r') noise.
  const Path path = ve();
  const Parametrisation parametrisation{path, Target::Data, 0.5};
  const Net twice = [](const torch::Tensor& input, const torch::Tensor& c_noise, const Condition&) {
    // c_in of Target::Data is 1 / sqrt(1 + r^2).
    const auto r = torch::exp(c_noise / 250).view({-1, 1, 1, 1});
    return 2 * input * torch::sqrt(1 + r * r);
  };
  auto random = consistency_generator(5);
  const auto x0 = torch::randn({6, 2, 3, 3}, random, torch::kFloat32);
  const auto noise = torch::randn(x0.sizes(), random, torch::kFloat32);
  ConsistencyOptions options;
  options.stage = 5;
  options.huber = 0.3;
  const auto result = consistency_loss(twice, parametrisation, x0, noise, {}, options, random);
  for (std::int64_t i = 0; i < 6; ++i) {
    const double r = result.times[static_cast<std::size_t>(i)], cleaner = cleaner_ratio(options, path, r);
    if (cleaner == 0) continue;
    const double c = 0.3 * std::sqrt(18.0), norm = noise[i].norm().item<double>() * 2 * (r - cleaner);
    EXPECT_NEAR(result.per_sample[i].item<double>() / ((std::sqrt(norm * norm + c * c) - c) / (r - cleaner)), 1, 1e-3);
  }
}

TEST(Consistency, TrainingAsksForDataInItsFirstStage) {
  auto random = consistency_generator(2);
  const Parametrisation parametrisation{ve(), Target::Edm, 0.5};
  const auto x0 = torch::randn({8, 2, 4, 4}, random, torch::kFloat32) * 0.5;
  const auto noise = torch::randn(x0.sizes(), random, torch::kFloat32);
  // A network that answers with the data: the loss is that of its own rounding.
  const Net knowing = [&](const torch::Tensor& input, const torch::Tensor& c_noise, const Condition&) {
    auto output = torch::empty_like(input);
    for (std::int64_t i = 0; i < input.size(0); ++i) {
      const double t = std::exp(c_noise[i].item<double>() / 250);
      const Precond c = precond(Target::Edm, {1, t}, t, parametrisation.path, 0.5);
      output[i] = (x0[i] - c.c_skip * (x0[i] + t * noise[i])) / c.c_out;
    }
    return output;
  };
  ConsistencyOptions options;
  options.huber = 0;
  const auto result = consistency_loss(knowing, parametrisation, x0, noise, {}, options, random);
  const auto ratios = torch::tensor(result.times, torch::kFloat64);
  EXPECT_LT((result.per_sample.to(torch::kFloat64) * ratios).max().item<double>(), 1e-3);
}

TEST(Consistency, GivesTheNoisierPointAloneAGradientAndRepeatsDropout) {
  auto random = consistency_generator(3);
  const auto scale = torch::full({1}, 0.1, torch::requires_grad());
  int calls = 0, resets = 0;
  const Net net = [&](const torch::Tensor& x, const torch::Tensor&, const Condition&) {
    EXPECT_EQ(torch::GradMode::is_enabled(), calls++ == 0);
    return x * scale;
  };
  const auto x0 = torch::randn({4, 1, 4, 4}, random, torch::kFloat32);
  ConsistencyOptions options;
  options.stage = 3;
  const auto result = consistency_loss(net, {ve(), Target::Boundary, 0.5}, x0, torch::randn_like(x0), {}, options,
                                       random, {}, [&] { ++resets; });
  result.loss.backward();
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(resets, 2);
  EXPECT_NE(scale.grad().item<double>(), 0);
}

TEST(Consistency, RefusesOptionsOutOfRange) {
  auto random = consistency_generator(4);
  const Net net = [](const torch::Tensor& x, const torch::Tensor&, const Condition&) { return x; };
  const auto x0 = torch::zeros({1, 1, 2, 2});
  ConsistencyOptions options;
  options.base = 1;
  EXPECT_THROW(consistency_loss(net, {}, x0, x0, {}, options, random), std::invalid_argument);
  EXPECT_THROW(consistency_loss(net, {}, x0, torch::zeros({1, 1, 2, 3}), {}, {}, random), std::invalid_argument);
}

TEST(BindEach, IsBindForEachSample) {
  const test::Gaussian gaussian;
  const Parametrisation parametrisation{vp(cosine_betas()), Target::Velocity, 0.5};
  const auto x = torch::randn({2, 1, 3, 3});
  const auto both = bind_each(gaussian.network(parametrisation), parametrisation, {})(x, {100, 700}).data;
  for (std::int64_t i = 0; i < 2; ++i) {
    const auto one =
        bind(gaussian.network(parametrisation), parametrisation, {})(x.narrow(0, i, 1), i == 0 ? 100 : 700);
    EXPECT_TRUE(torch::allclose(both.narrow(0, i, 1), one.data, 1e-5, 1e-5));
  }
}

}  // namespace
}  // namespace ctforge::diffusion
