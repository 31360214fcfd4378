// Precision, recall, density and coverage against prdc and torch-fidelity, by brute force, and of copies and
// duplicates.
#include "eval/neighbourhoods.h"

#include "tests/eval/support.h"

#include <cstdint>
#include <limits>
#include <tuple>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <torch/utils.h>

namespace ctforge::eval {
namespace {

torch::Tensor normal_cloud(std::int64_t count, std::int64_t dimensions, std::uint64_t seed) {
  torch::Generator generator = torch::make_generator<torch::CPUGeneratorImpl>(seed);
  return torch::randn({count, dimensions}, generator, torch::kFloat64);
}

// By the whole matrix of differences, float64.
torch::Tensor squared_distances(const torch::Tensor& x, const torch::Tensor& y) {
  return (x.to(torch::kFloat64).unsqueeze(1) - y.to(torch::kFloat64).unsqueeze(0)).square().sum(2);
}

torch::Tensor squared_radii(const torch::Tensor& rows, std::int64_t k) {
  return std::get<0>(squared_distances(rows, rows).kthvalue(k + 1, 1));  // the row itself comes first
}

NeighbourhoodScores by_definition(const torch::Tensor& real, const torch::Tensor& synthetic) {
  const torch::Tensor between = squared_distances(real, synthetic);
  const torch::Tensor wide = between < squared_radii(real, kDensityNeighbour).unsqueeze(1);
  NeighbourhoodScores scores;
  scores.precision = (between <= squared_radii(real, kManifoldNeighbour).unsqueeze(1))
                         .any(0)
                         .to(torch::kFloat64)
                         .mean()
                         .item<double>();
  scores.recall = (between <= squared_radii(synthetic, kManifoldNeighbour).unsqueeze(0))
                      .any(1)
                      .to(torch::kFloat64)
                      .mean()
                      .item<double>();
  scores.density = wide.sum().item<double>() / static_cast<double>(kDensityNeighbour * synthetic.size(0));
  scores.coverage = wide.any(1).to(torch::kFloat64).mean().item<double>();
  return scores;
}

void expect_equal(const NeighbourhoodScores& a, const NeighbourhoodScores& b) {
  EXPECT_DOUBLE_EQ(a.precision, b.precision);
  EXPECT_DOUBLE_EQ(a.recall, b.recall);
  EXPECT_DOUBLE_EQ(a.density, b.density);
  EXPECT_DOUBLE_EQ(a.coverage, b.coverage);
}

TEST(NeighbourhoodScores, EqualPrdcsAndTorchFidelitys) {
  for (const auto& pair : test::oracle().at("pairs")) {
    const std::int64_t n = pair.at("n"), d = pair.at("d");
    const auto scores =
        neighbourhood_scores(test::formula_rows(n, d, 0, 0), test::formula_rows(n, d, 0.4, pair.at("offset")));
    EXPECT_NEAR(scores.precision, pair.at("precision").get<double>(), 1e-6);  // a mean in float32 there
    EXPECT_NEAR(scores.recall, pair.at("recall").get<double>(), 1e-6);
    EXPECT_NEAR(scores.density, pair.at("density").get<double>(), 1e-12);
    EXPECT_NEAR(scores.coverage, pair.at("coverage").get<double>(), 1e-12);
  }
}

TEST(NeighbourhoodScores, AreThoseOfTheWholeMatrixAcrossTiles) {
  const torch::Tensor real = normal_cloud(1100, 3, 1).to(torch::kFloat32),
                      synthetic = (normal_cloud(2100, 3, 2) + 0.1).to(torch::kFloat32);
  expect_equal(neighbourhood_scores(real, synthetic), by_definition(real, synthetic));
  const torch::Tensor twice = normal_cloud(1030, 7, 3), other = normal_cloud(270, 7, 4) * 0.9 + 0.1;
  expect_equal(neighbourhood_scores(twice, other), by_definition(twice, other));
}

TEST(NeighbourhoodScores, SurviveALargeMeanAndTightClusters) {
  // Ten points, each repeated with a jitter far below what products in float32 resolve.
  const torch::Tensor real = normal_cloud(10, 64, 3).repeat({12, 1}) + 1e-6 * normal_cloud(120, 64, 4) + 1000;
  const torch::Tensor synthetic = normal_cloud(10, 64, 3).repeat({12, 1}) + 1e-6 * normal_cloud(120, 64, 5) + 1000;
  expect_equal(neighbourhood_scores(real, synthetic), by_definition(real, synthetic));
}

TEST(NeighbourhoodScores, CountDuplicatesAsNeighboursAtDistanceZero) {
  const torch::Tensor once = normal_cloud(20, 16, 6).to(torch::kFloat32);
  const torch::Tensor real = once.repeat({7, 1});  // each row has six others like it
  const Neighbourhoods neighbourhoods(real, real.to(torch::kFloat64).mean(0));
  EXPECT_EQ(neighbourhoods.squared_radii(kDensityNeighbour).max().item<double>(), 0);
  const NeighbourhoodScores scores = neighbourhood_scores(real, once.repeat({2, 1}));
  EXPECT_EQ(scores.precision, 1);  // d <= 0
  EXPECT_EQ(scores.density, 0);    // d < 0
}

TEST(NeighbourhoodScores, OfACopyAreThoseOfIdenticalSets) {
  const torch::Tensor train = normal_cloud(200, 32, 7).to(torch::kFloat32);
  const NeighbourhoodScores copy = neighbourhood_scores(train, train.flip(0));
  EXPECT_EQ(copy.precision, 1);
  EXPECT_EQ(copy.recall, 1);
  EXPECT_EQ(copy.coverage, 1);
  EXPECT_DOUBLE_EQ(copy.density, 1);  // the row itself and the four nearer than its fifth
  const NeighbourhoodScores apart = neighbourhood_scores(train, train + 100);
  EXPECT_EQ(apart.precision + apart.recall + apart.density + apart.coverage, 0);
}

TEST(Neighbourhoods, RefuseTooFewRowsAndOnesThatAreNotFinite) {
  const torch::Tensor centre = torch::zeros({4}, torch::kFloat64);
  EXPECT_THROW(Neighbourhoods(normal_cloud(kDensityNeighbour, 4, 1), centre), std::invalid_argument);
  torch::Tensor rows = normal_cloud(9, 4, 1);
  EXPECT_THROW(Neighbourhoods(rows, centre).squared_radii(kDensityNeighbour + 1), std::invalid_argument);
  EXPECT_THROW(neighbourhood_scores(rows, normal_cloud(9, 5, 1)), std::invalid_argument);
  rows[2][1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(Neighbourhoods(rows, centre), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
