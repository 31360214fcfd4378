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
    }
  }
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
}

TEST(Bind, TurnsANetworkIntoTheEstimateItStandsFor) {
  const test::Gaussian gaussian;
  for (const Target target : {Target::Noise, Target::Data, Target::Velocity, Target::Edm}) {
    for (const Path& path : {vp(cosine_betas()), ve()}) {
      const Parametrisation parametrisation{path, target, 0.5};
      const auto denoise = bind(gaussian.network(parametrisation), parametrisation, {});
      const double t = 0.3 * path.t_max();
      const auto x = torch::randn({2, 1, 3, 3}, torch::kFloat64);
      const auto estimate = denoise(x, t);
      EXPECT_EQ(estimate.scalar_type(), torch::kFloat64);
      EXPECT_TRUE(torch::allclose(estimate, gaussian.denoise(path)(x, t), 1e-4, 1e-4));
    }
  }
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
  const auto estimate = bind(net, {}, {labels})(torch::ones({2, 1, 1, 1}), 1.0);
  EXPECT_EQ(estimate.scalar_type(), torch::kFloat32);
}

TEST(Precond, RefusesAnImpossibleDataDeviation) {
  const Path path = ve();
  EXPECT_THROW(precond(Target::Edm, path.at(1), 1, path, 0), std::invalid_argument);
  EXPECT_THROW(precond(Target::Edm, path.at(1), 1, path, std::nan("")), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::diffusion
