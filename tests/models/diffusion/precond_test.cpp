// Preconditioning: every target recovers x_0 from its own exact answer, EDM's coefficients are diffusers'.
#include "models/diffusion/precond.h"

#include "tests/models/diffusion/known_cases.h"

#include <cmath>
#include <stdexcept>
#include <vector>

namespace ctforge::diffusion {
namespace {

TEST(Precond, HasTheEdmCoefficientsOfDiffusers) {
  const Path path = ve();
  for (const auto& row : test::oracle()["edm_coefficients"]) {
    const double sigma = row["sigma"];
    const Precond c = precond(Target::Edm, path.at(sigma), sigma, path, 0.5);
    EXPECT_NEAR(c.c_in, row["c_in"].get<double>(), 1e-12);
    EXPECT_NEAR(c.c_skip, row["c_skip"].get<double>(), 1e-12);
    EXPECT_NEAR(c.c_out, row["c_out"].get<double>(), 1e-12);
    EXPECT_NEAR(c.c_noise / 1000, row["quarter_log"].get<double>(), 1e-12);
  }
}

TEST(Precond, RecoversDataFromTheExactAnswerOnAnyPath) {
  const double data = 0.7, noise = -1.3;
  for (const Path& path : {vp(cosine_betas()), vp(linear_betas()), ve()}) {
    for (const double t : {path.t_min(), 0.4 * path.t_max() + 0.5, path.t_max()}) {
      const AlphaSigma level = path.at(t);
      const double x = level.alpha * data + level.sigma * noise, norm = std::hypot(level.alpha, level.sigma);
      const auto recovered = [&](Target target, double answer) {
        const Precond c = precond(target, level, t, path, 0.5);
        return c.c_skip * x + c.c_out * answer;
      };
      EXPECT_NEAR(recovered(Target::Noise, noise), data, 1e-10);
      EXPECT_NEAR(recovered(Target::Data, data), data, 1e-12);
      EXPECT_NEAR(recovered(Target::Velocity, (level.alpha * noise - level.sigma * data) / norm), data, 1e-11);
      EXPECT_NEAR(recovered(Target::Flow, noise - data), data, 1e-11);
    }
  }
}

TEST(Precond, HoldsWhereThereIsNoSignal) {
  const double data = 0.7, noise = -1.3;  // x is the noise
  for (const Path& path : {rectified(), vp(with_zero_terminal_snr(linear_betas()))}) {
    const double t = path.t_max();
    const AlphaSigma level = path.at(t);
    EXPECT_EQ(level.alpha, 0);
    const auto recovered = [&](Target target, double answer) {
      const Precond c = precond(target, level, t, path, 0.5);
      EXPECT_EQ(c.c_in, 1);
      return c.c_skip * noise + c.c_out * answer;
    };
    EXPECT_DOUBLE_EQ(recovered(Target::Data, data), data);
    EXPECT_DOUBLE_EQ(recovered(Target::Velocity, -data), data);
    EXPECT_DOUBLE_EQ(recovered(Target::Flow, noise - data), data);
    EXPECT_DOUBLE_EQ(recovered(Target::Edm, data / 0.5), data);
    EXPECT_DOUBLE_EQ(recovered(Target::Boundary, data / 0.5), data);
    EXPECT_THROW(precond(Target::Noise, level, t, path, 0.5), std::invalid_argument);
  }
}

TEST(Precond, IsTheIdentityAtTheBoundaryOfAConsistencyModel) {
  for (const Path& path : {ve(), vp(cosine_betas())}) {
    const double t = path.t_min();
    const Precond c = precond(Target::Boundary, path.at(t), t, path, 0.5);
    EXPECT_DOUBLE_EQ(c.c_skip * path.at(t).alpha, 1);
    EXPECT_NEAR(c.c_out, 0, 1e-15);
  }
  // Far above it, it is EDM's.
  const Path path = ve();
  const Precond c = precond(Target::Boundary, path.at(50), 50, path, 0.5),
                edm = precond(Target::Edm, path.at(50), 50, path, 0.5);
  EXPECT_NEAR(c.c_out / edm.c_out, 1, 1e-4);
  EXPECT_EQ(c.c_in, edm.c_in);
}

TEST(Precond, GivesEdmInputsAndAnswersOfUnitVarianceOnAnyPath) {
  const double sigma_data = 0.4;
  for (const Path& path : {vp(cosine_betas()), ve()}) {
    const double t = 0.6 * path.t_max();
    const AlphaSigma level = path.at(t);
    const Precond c = precond(Target::Edm, level, t, path, sigma_data);
    EXPECT_NEAR(c.c_in * std::hypot(level.alpha * sigma_data, level.sigma), 1, 1e-12);
    // The answer wanted is ((1 - c_skip alpha) x_0 - c_skip sigma noise) / c_out.
    const double of_data = (1 - c.c_skip * level.alpha) / c.c_out, of_noise = c.c_skip * level.sigma / c.c_out;
    EXPECT_NEAR(std::hypot(of_data * sigma_data, of_noise), 1, 1e-9);
  }
}

TEST(Precond, TellsTheStepOfDiscretePathsAndTheLogarithmOfOthers) {
  const Path discrete = vp(linear_betas()), continuous = ve();
  EXPECT_EQ(precond(Target::Noise, discrete.at(17), 17, discrete, 1).c_noise, 17);
  EXPECT_EQ(precond(Target::Noise, discrete.at(17), 17, discrete, 1).c_in,
            1 / std::hypot(discrete.at(17).alpha, discrete.at(17).sigma));
  EXPECT_DOUBLE_EQ(precond(Target::Edm, continuous.at(2), 2, continuous, 1).c_noise, 250 * std::log(2.0));
  const Path straight = rectified();
  EXPECT_EQ(precond(Target::Flow, straight.at(0.25), 0.25, straight, 1).c_noise, 250);
  EXPECT_EQ(precond(Target::Flow, straight.at(0.25), 0.25, straight, 1).c_in, 1);
}

TEST(Bind, TurnsANetworkIntoTheEstimateItStandsFor) {
  const test::Gaussian gaussian;
  for (const Target target :
       {Target::Noise, Target::Data, Target::Velocity, Target::Edm, Target::Flow, Target::Boundary}) {
    for (const Path& path : {vp(cosine_betas()), ve(), rectified()}) {
      const Parametrisation parametrisation{path, target, 0.5};
      const auto denoise = bind(gaussian.network(parametrisation), parametrisation, {});
      const double t = 0.3 * path.t_max();
      const auto x = torch::randn({2, 1, 3, 3}, torch::kFloat64);
      const auto estimate = denoise(x, t).data;
      EXPECT_EQ(estimate.scalar_type(), torch::kFloat64);
      EXPECT_TRUE(torch::allclose(estimate, gaussian.denoise(path)(x, t).data, 1e-4, 1e-4));
    }
  }
}

TEST(Bind, KeepsTheLearnedVarianceApart) {
  const Net net = [](const torch::Tensor& x, const torch::Tensor&, const Condition&) {
    return torch::cat({torch::full_like(x, 2), torch::full_like(x, 0.5)}, 1);
  };
  Parametrisation parametrisation{ve(), Target::Data, 1};
  parametrisation.learned_variance = true;
  const auto estimate = bind(net, parametrisation, {})(torch::ones({2, 3, 1, 1}), 1.0);
  EXPECT_TRUE(estimate.data.equal(torch::full({2, 3, 1, 1}, 2.0)));
  EXPECT_TRUE(estimate.variance.equal(torch::full({2, 3, 1, 1}, 0.75)));
}

TEST(Bind, CallsTheNetworkInFloat32WithItsCondition) {
  const auto labels = torch::tensor({3, 1}, torch::kInt64);
  const Net net = [&](const torch::Tensor& x, const torch::Tensor& c_noise, const Condition& condition) {
    EXPECT_EQ(x.scalar_type(), torch::kFloat32);
    EXPECT_EQ(c_noise.scalar_type(), torch::kFloat32);
    EXPECT_EQ(c_noise.sizes(), at::IntArrayRef({2}));
    EXPECT_TRUE(condition.labels.equal(labels));
    return x.to(torch::kBFloat16);
  };
  const auto estimate = bind(net, {}, {labels})(torch::ones({2, 1, 1, 1}), 1.0).data;
  EXPECT_EQ(estimate.scalar_type(), torch::kFloat32);
}

TEST(Precond, RefusesAnImpossibleDataDeviation) {
  const Path path = ve();
  EXPECT_THROW(precond(Target::Edm, path.at(1), 1, path, 0), std::invalid_argument);
  EXPECT_THROW(precond(Target::Edm, path.at(1), 1, path, std::nan("")), std::invalid_argument);
}

TEST(OnPath, AsksTheSameOfAnotherPath) {
  const test::Gaussian gaussian;
  const Path own = vp(cosine_betas()), straight = rectified();
  const Denoise carried = on_path(gaussian.denoise(own), own, straight);
  const auto x = torch::linspace(-2, 2, 9, torch::kFloat64).view({1, 1, 3, 3});
  for (const double t : {0.95, 0.5, 0.1}) {
    const auto expected = gaussian.denoise(straight)(x, t).data;
    EXPECT_TRUE(torch::allclose(carried(x, t).data, expected, 0, 1e-9)) << t;
    const DenoiseEach each =
        on_path([&](const torch::Tensor& state,
                    const std::vector<double>& times) { return gaussian.denoise(own)(state, times.at(0)); },
                own, straight);
    EXPECT_TRUE(torch::allclose(each(x, {t}).data, expected, 0, 1e-5)) << t;
  }
  // Without signal it is asked at its own noisiest level, where next to nothing is known either.
  EXPECT_TRUE(torch::allclose(carried(x, 1).data, torch::full_like(x, gaussian.mu), 0, 1e-2));
}

}  // namespace
}  // namespace ctforge::diffusion
