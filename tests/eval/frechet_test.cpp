// The Fréchet distance against closed forms, SciPy's matrix square root, and its known bias at finite N.
#include "eval/frechet.h"

#include "tests/eval/support.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::eval {
namespace {

torch::Tensor normal(std::int64_t count, std::int64_t dimensions, std::uint64_t seed) {
  torch::Generator generator = torch::make_generator<torch::CPUGeneratorImpl>(seed);
  return torch::randn({count, dimensions}, generator, torch::kFloat64);
}

TEST(FrechetDistance, EqualsSciPysOnRowsManyAndFew) {
  for (const auto& reference : test::oracle().at("frechet")) {
    const std::int64_t n = reference.at("n"), m = reference.at("m"), d = reference.at("d");
    const double offset = reference.at("offset"), expected = reference.at("value");
    const double distance =
        frechet_distance(test::formula_rows(n, d, 0, offset), test::formula_rows(m, d, 0.4, offset + 0.1));
    // sqrtm itself is good to 1e-6 only where the covariances are singular.
    EXPECT_NEAR(distance, expected, (std::min(n, m) > d ? 1e-8 : 1e-5) * expected) << n << " " << m << " " << d;
  }
}

TEST(FrechetDistance, EqualsTheClosedFormOfCommutingCovariances) {
  const std::int64_t d = 64;
  const torch::Tensor basis = std::get<0>(torch::linalg_qr(normal(d, d, 1)));
  const torch::Tensor a = torch::linspace(0.1, 4, d, torch::kFloat64), b = torch::linspace(3, 0.2, d, torch::kFloat64);
  const auto gaussian = [&](const torch::Tensor& variances, double mean) {
    const torch::Tensor covariance = torch::matmul(basis * variances.unsqueeze(0), basis.t());
    return Gaussian{torch::full({d}, mean, torch::kFloat64), covariance, 1000};
  };
  const double expected = 64 * 0.25 + (a.sqrt() - b.sqrt()).square().sum().item<double>();
  EXPECT_NEAR(frechet_distance(gaussian(a, 0), gaussian(b, 0.5)), expected, 1e-10 * expected);
}

TEST(FrechetDistance, SurvivesASingularCovarianceThatHasNoCholeskyFactor) {
  const std::int64_t d = 8;
  torch::Tensor singular = torch::zeros({d, d}, torch::kFloat64);
  singular[0][0] = 4.0;
  const Gaussian a{torch::zeros({d}, torch::kFloat64), singular, 100};
  const Gaussian b{torch::zeros({d}, torch::kFloat64), torch::eye(d, torch::kFloat64), 100};
  EXPECT_NEAR(frechet_distance(a, b), (2 - 1) * (2 - 1) + 7, 1e-4);
}

TEST(FrechetDistance, OfALargeCovarianceWithoutACholeskyFactorIsThatOfTheRows) {
  // Statistics of fewer rows than dimensions, kept in float32 as others write them.
  const std::int64_t d = 300;
  const torch::Tensor x = normal(150, d, 5), y = normal(900, d, 6) * 1.2;
  const auto kept = [](const torch::Tensor& rows) {
    Moments moments;
    moments.add(rows);
    Gaussian gaussian = moments.gaussian();
    gaussian.covariance = gaussian.covariance.to(torch::kFloat32).to(torch::kFloat64);
    return gaussian;
  };
  ASSERT_NE(std::get<1>(torch::linalg_cholesky_ex(kept(x).covariance)).item<int>(), 0);
  const double expected = frechet_distance(x, y);
  EXPECT_NEAR(frechet_distance(kept(x), kept(y)), expected, 1e-3 * expected);
}

TEST(FrechetDistance, OfAFewRowsIsTheSameWhicheverSetIsShort) {
  const torch::Tensor x = test::formula_rows(40, 16, 0, 0), y = test::formula_rows(9, 16, 0.4, 0.1);
  EXPECT_NEAR(frechet_distance(x, y), frechet_distance(y, x), 1e-10);
  EXPECT_NEAR(frechet_distance(y, y), 0, 1e-10);
}

TEST(FrechetDistance, OfOneDistributionIsItsBias) {
  // 67.0 expected by the formula's first order; draws scatter by about 1 %.
  const double distance = frechet_distance(normal(500, 256, 2), normal(500, 256, 3));
  EXPECT_NEAR(distance, isotropic_bias(256, 500), 0.04 * distance);
  EXPECT_NEAR(isotropic_bias(256, 500), 66.8, 0.05);
}

TEST(Moments, OfBatchesAreThoseOfTheWholeDespiteALargeMean) {
  const torch::Tensor rows = normal(301, 12, 4) + 1e6;
  Moments whole, parts, tail;
  whole.add(rows);
  parts.add(rows.narrow(0, 0, 100));
  tail.add(rows.narrow(0, 100, 200));
  tail.add(rows.narrow(0, 300, 1));
  parts.merge(tail);
  const Gaussian a = whole.gaussian(), b = parts.gaussian();
  EXPECT_EQ(b.count, 301);
  EXPECT_TRUE(torch::allclose(a.mean, b.mean, 1e-14, 0));
  EXPECT_TRUE(torch::allclose(a.covariance, b.covariance, 1e-8, 1e-8));
  EXPECT_TRUE(torch::allclose(a.covariance, torch::cov((rows - 1e6).t()), 1e-7, 1e-7));
}

TEST(FrechetDistance, RefusesWhatIsNoPairOfFeatureSets) {
  EXPECT_THROW(frechet_distance(normal(1, 4, 1), normal(9, 4, 1)), std::invalid_argument);
  EXPECT_THROW(frechet_distance(normal(9, 4, 1), normal(9, 5, 1)), std::invalid_argument);
  EXPECT_THROW(Moments().gaussian(), std::invalid_argument);
  Moments moments;
  EXPECT_THROW(moments.add(torch::zeros({3, 2}, torch::kInt64)), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
