// The denoising loss against its expectation in closed form.
#include "models/diffusion/loss.h"

#include "tests/models/diffusion/known_cases.h"

#include <cmath>
#include <stdexcept>

namespace ctforge::diffusion {
namespace {

torch::Generator generator(std::uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

// With the exact posterior mean the squared error of x_0 is the posterior variance s^2 r^2 / (s^2 + r^2).
double expected_loss(const test::Gaussian& gaussian, const Parametrisation& parametrisation, const LossOptions& options,
                     double t) {
  const AlphaSigma level = parametrisation.path.at(t);
  const double r2 = level.ratio() * level.ratio(), s2 = gaussian.s * gaussian.s;
  const double c_out =
      precond(parametrisation.target, level, t, parametrisation.path, parametrisation.sigma_data).c_out;
  return loss_weight(options, level, c_out, parametrisation.sigma_data) * s2 * r2 / (s2 + r2);
}

TEST(DenoisingLoss, IsThePosteriorVarianceForTheExactNetwork) {
  const test::Gaussian gaussian;
  auto random = generator(1);
  for (const Target target : {Target::Noise, Target::Data, Target::Velocity, Target::Edm, Target::Flow}) {
    for (const Path& path : {vp(cosine_betas()), ve(), rectified()}) {
      for (const Weighting weighting : {Weighting::Edm, Weighting::Unit, Weighting::MinSnr}) {
        const Parametrisation parametrisation{path, target, 0.4};
        LossOptions options;
        options.weighting = weighting;
        const auto x0 = gaussian.mu + gaussian.s * torch::randn({8, 1, 64, 64}, random, torch::kFloat32);
        const auto noise = torch::randn(x0.sizes(), random, torch::kFloat32);
        const auto result =
            denoising_loss(gaussian.network(parametrisation), parametrisation, x0, noise, {}, options, random);
        for (std::size_t i = 0; i < result.times.size(); ++i) {
          const double expected = expected_loss(gaussian, parametrisation, options, result.times[i]);
          const double got = result.per_sample[static_cast<std::int64_t>(i)].item<double>();
          EXPECT_NEAR(got / expected, 1, 0.1);  // 4096 elements: 4.5 standard errors of a mean of squares
        }
        EXPECT_NEAR(result.loss.item<double>(), result.per_sample.mean().item<double>(), 1e-6);
      }
    }
  }
}

TEST(DenoisingLoss, GivesTheEdmNetworkUnitLossWhenItKnowsNothing) {
  // An answer of zero leaves the wanted one, which has unit variance for data of deviation sigma_data.
  auto random = generator(2);
  const Parametrisation parametrisation{ve(), Target::Edm, 0.5};
  const Net nothing = [](const torch::Tensor& x, const torch::Tensor&, const Condition&) {
    return torch::zeros_like(x);
  };
  const auto x0 = 0.5 * torch::randn({256, 1, 16, 16}, random, torch::kFloat32);
  const auto noise = torch::randn(x0.sizes(), random, torch::kFloat32);
  const auto result = denoising_loss(nothing, parametrisation, x0, noise, {}, {}, random);
  EXPECT_NEAR(result.loss.item<double>(), 1, 0.03);
}

TEST(DenoisingLoss, HasTheWeightsOfThePapers) {
  const AlphaSigma level{0.8, 0.6};
  const double snr = (0.8 * 0.8) / (0.6 * 0.6);
  LossOptions options;
  EXPECT_NEAR(loss_weight(options, level, 1, 0.5), (0.75 * 0.75 + 0.25) / std::pow(0.75 * 0.5, 2), 1e-12);
  options.weighting = Weighting::MinSnr;
  EXPECT_NEAR(loss_weight(options, level, 1, 0.5), snr, 1e-12);
  EXPECT_EQ(loss_weight(options, {0.99, 0.1}, 1, 0.5), 5);
  options.min_snr_gamma = 1;
  EXPECT_EQ(loss_weight(options, level, 1, 0.5), 1);
  options.weighting = Weighting::Unit;
  EXPECT_EQ(loss_weight(options, level, 0.5, 0.5), 4);
}

TEST(DrawTimes, HasTheMomentsOfItsDistribution) {
  auto random = generator(3);
  const LossOptions options{TimeDistribution::LogNormal, -0.8, 1.2};
  for (const Path& path : {ve(1e-6, 1e6), vp(cosine_betas())}) {
    double sum = 0, squares = 0;
    const auto times = draw_times(options, path, 20000, random);
    for (const double t : times) {
      const double value = -path.at(t).log_snr() / 2;
      sum += value;
      squares += value * value;
    }
    const double mean = sum / 20000;
    EXPECT_NEAR(mean, -0.8, 0.035);
    EXPECT_NEAR(std::sqrt(squares / 20000 - mean * mean), 1.2, 0.025);
  }
  LossOptions uniform;
  uniform.times = TimeDistribution::Uniform;
  std::vector<int> counts(10);
  for (const double t : draw_times(uniform, vp(linear_betas(10)), 20000, random))
    ++counts.at(static_cast<std::size_t>(t));
  for (const int count : counts) EXPECT_NEAR(count, 2000, 200);
  double mean = 0;
  for (const double t : draw_times(uniform, rectified(), 20000, random)) {
    EXPECT_TRUE(t >= 0 && t < 1);
    mean += t / 20000;
  }
  EXPECT_NEAR(mean, 0.5, 0.01);
}

TEST(DrawTimes, AreOftenAtBothEndsOrAlwaysAtOne) {
  torch::Generator random = torch::make_generator<at::CPUGeneratorImpl>(1);
  int low = 0, middle = 0, high = 0;
  for (const double t : draw_times({TimeDistribution::UShaped}, rectified(), 40000, random)) {
    low += t < 0.1;
    middle += t >= 0.45 && t < 0.55;
    high += t >= 0.9;
  }
  // Integrals of (e^(4u) + e^(4-4u)) 2 / (e^4 - 1) over the tenths at the ends and in the middle.
  const double norm = 2 * std::expm1(4.0);
  const double end = (std::expm1(0.4) + std::exp(4.0) - std::exp(3.6)) / norm;
  const double centre = 2 * (std::exp(2.2) - std::exp(1.8)) / norm;
  EXPECT_NEAR(low / 40000.0, end, 0.01);
  EXPECT_NEAR(high / 40000.0, end, 0.01);
  EXPECT_NEAR(middle / 40000.0, centre, 0.005);
  EXPECT_THROW(draw_times({TimeDistribution::UShaped}, vp(linear_betas()), 1, random), std::invalid_argument);
  EXPECT_EQ(draw_times({TimeDistribution::Noisiest}, rectified(), 2, random), (std::vector<double>{1, 1}));
  EXPECT_EQ(draw_times({TimeDistribution::Noisiest}, vp(linear_betas()), 1, random), (std::vector<double>{999}));
}

// For a given u the loss L / e^u + u is least at u = ln L: then it is ln L + 1.
TEST(DenoisingLoss, IsWeighedByTheErrorExpected) {
  const Parametrisation parametrisation{ve(), Target::Edm, 0.5};
  const Net net = [](const torch::Tensor& x, const torch::Tensor&, const Condition&) { return torch::zeros_like(x); };
  const auto loss = [&](const LogVariance& log_variance) {
    torch::Generator random = torch::make_generator<at::CPUGeneratorImpl>(5), times = random.clone();
    const auto x0 = torch::randn({4, 1, 8, 8}, random), noise = torch::randn({4, 1, 8, 8}, random);
    return denoising_loss(net, parametrisation, x0, noise, {}, {}, times, log_variance);
  };
  const auto plain = loss({});
  torch::Tensor heard;
  const auto weighed = loss([&](const torch::Tensor& c_noise) {
    heard = c_noise;
    return torch::log(plain.per_sample);
  });
  EXPECT_TRUE(torch::equal(weighed.per_sample, plain.per_sample));
  EXPECT_NEAR(weighed.loss.item<double>(), (torch::log(plain.per_sample) + 1).mean().item<double>(), 1e-5);
  EXPECT_NEAR(heard[0].item<double>(), 250 * std::log(plain.times[0]), 1e-3);
}

TEST(DrawTimes, AreLogitNormalOnTheRectifiedPath) {
  auto random = generator(8);
  double mean = 0, within = 0;
  for (const double t : draw_times({TimeDistribution::LogNormal, 0, 1}, rectified(), 20000, random)) {
    mean += std::log(t / (1 - t)) / 20000;
    within += t > 0.25 && t < 0.75 ? 1.0 / 20000 : 0;
  }
  EXPECT_NEAR(mean, 0, 0.03);
  EXPECT_NEAR(within, std::erf(std::log(3.0) / std::sqrt(2.0)), 0.015);  // |logit t| < ln 3
}

TEST(DenoisingLoss, HasTheMetricsOfTheirFormulas) {
  // Data and noise 0, an answer of 3: every element is off by 3.
  auto random = generator(9);
  const Net three = [](const torch::Tensor& x, const torch::Tensor&, const Condition&) { return x * 0 + 3; };
  const auto zero = torch::zeros({2, 1, 2, 2});
  const auto loss = [&](Metric metric, double delta) {
    LossOptions options{.times = TimeDistribution::Uniform, .weighting = Weighting::Unit, .metric = metric};
    options.huber_delta = delta;
    return denoising_loss(three, {vp(linear_betas()), Target::Noise, 1}, zero, zero, {}, options, random)
        .loss.item<double>();
  };
  EXPECT_NEAR(loss(Metric::L2, 1), 9, 1e-5);
  EXPECT_NEAR(loss(Metric::L1, 1), 3, 1e-5);
  EXPECT_NEAR(loss(Metric::Huber, 4), 9, 1e-5);
  EXPECT_NEAR(loss(Metric::Huber, 2), 2 * 2 * 3 - 4, 1e-5);
}

TEST(DenoisingLoss, LearnsTheVarianceByTheBoundAlone) {
  auto random = generator(10);
  const auto share = torch::zeros({1}, torch::requires_grad()), mean = torch::zeros({1}, torch::requires_grad());
  const Net net = [&](const torch::Tensor& x, const torch::Tensor&, const Condition&) {
    return torch::cat({x * 0 + mean, x * 0 + share}, 1);
  };
  Parametrisation parametrisation{vp(linear_betas()), Target::Noise, 1};
  parametrisation.learned_variance = true;
  const auto x0 = torch::randn({16, 2, 4, 4}, random, torch::kFloat32) * 0.5;
  const auto noise = torch::randn(x0.sizes(), random, torch::kFloat32);
  LossOptions options{.times = TimeDistribution::Uniform, .weighting = Weighting::Unit};
  const auto result = denoising_loss(net, parametrisation, x0, noise, {}, options, random);
  EXPECT_EQ(result.bound.sizes(), at::IntArrayRef({16}));
  EXPECT_GT(result.bound.min().item<double>(), 0);
  EXPECT_NEAR(result.loss.item<double>(), result.per_sample.mean().item<double>() + result.bound.mean().item<double>(),
              1e-3);  // 1000 steps * 0.001
  result.loss.backward();
  EXPECT_NE(share.grad().item<double>(), 0);
  // The mean's gradient is the simple loss's: 2 E(0 - noise).
  EXPECT_NEAR(mean.grad().item<double>(), -2 * noise.mean().item<double>(), 1e-4);
  options.times = TimeDistribution::LogNormal;
  EXPECT_THROW(denoising_loss(net, parametrisation, x0, noise, {}, options, random), std::invalid_argument);
}

TEST(DenoisingLoss, LetsTheGradientFlowAndLearnsTheScaleOfGaussianData) {
  // The best scale of an answer proportional to the input, data N(0, sigma_data^2) under EDM, is 0 on average of
  // c_skip.
  auto random = generator(4);
  const Parametrisation parametrisation{ve(), Target::Edm, 0.5};
  const auto scale = torch::full({1}, 0.5, torch::requires_grad());
  const Net net = [&](const torch::Tensor& x, const torch::Tensor&, const Condition&) { return scale * x; };
  const auto x0 = 0.5 * torch::randn({64, 1, 16, 16}, random, torch::kFloat32);
  const auto noise = torch::randn(x0.sizes(), random, torch::kFloat32);
  auto result = denoising_loss(net, parametrisation, x0, noise, {}, {}, random);
  EXPECT_FALSE(result.per_sample.requires_grad());
  result.loss.backward();
  // d/da E|a x - F|^2 = 2 a for inputs of unit variance that tell nothing of F.
  EXPECT_NEAR(scale.grad().item<double>(), 1, 0.1);
}

TEST(DenoisingLoss, StaysInFloat32WhateverTheNetworkGives) {
  auto random = generator(5);
  const Net net = [](const torch::Tensor& x, const torch::Tensor& c_noise, const Condition&) {
    EXPECT_EQ(x.scalar_type(), torch::kFloat32);
    EXPECT_EQ(c_noise.scalar_type(), torch::kFloat32);
    return x.to(torch::kBFloat16);
  };
  const auto x0 = torch::zeros({2, 1, 4, 4});
  const auto result = denoising_loss(net, {}, x0, torch::ones_like(x0), {}, {}, random);
  EXPECT_EQ(result.loss.scalar_type(), torch::kFloat32);
  EXPECT_TRUE(std::isfinite(result.loss.item<double>()));
}

TEST(DenoisingLoss, RepeatsWithItsGenerator) {
  const LossOptions options;
  auto first = generator(6), second = generator(6);
  EXPECT_EQ(draw_times(options, ve(), 5, first), draw_times(options, ve(), 5, second));
}

TEST(DenoisingLoss, RefusesWhatDoesNotFit) {
  auto random = generator(7);
  const Net narrow = [](const torch::Tensor& x, const torch::Tensor&, const Condition&) { return x.narrow(1, 0, 1); };
  const auto x0 = torch::zeros({1, 2, 4, 4});
  EXPECT_THROW(denoising_loss(narrow, {}, x0, torch::zeros({1, 2, 4, 5}), {}, {}, random), std::invalid_argument);
  EXPECT_THROW(denoising_loss(narrow, {}, x0, x0, {}, {}, random), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::diffusion
