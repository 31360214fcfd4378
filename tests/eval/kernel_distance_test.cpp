// Kernel distances against torch-fidelity's, their definitions, and what must hold of identical sets.
#include "eval/kernel_distance.h"

#include "tests/eval/support.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::eval {
namespace {

TEST(KernelDistance, EqualsTorchFidelitysOfOneSubset) {
  for (const auto& pair : test::oracle().at("pairs")) {
    const std::int64_t n = pair.at("n"), d = pair.at("d");
    const torch::Tensor x = test::formula_rows(n, d, 0, 0), y = test::formula_rows(n, d, 0.4, pair.at("offset"));
    const double kid = pair.at("kid"), gaussian = pair.at("mmd_rbf");
    EXPECT_NEAR(kernel_distance(x, y), kid, 1e-9 * std::abs(kid));
    EXPECT_NEAR(gaussian_mmd(x, y), gaussian, 1e-9 * std::abs(gaussian));
    // Products in float32 keep the sums' digits.
    EXPECT_NEAR(kernel_distance(x.to(torch::kFloat32), y.to(torch::kFloat32)), kid, 1e-5 * std::abs(kid));
  }
}

TEST(KernelDistance, OfTwoRowsIsTheFormulas) {
  // k(a,b) = (a.b / 2 + 1)^3 of (1,1), (0,2) and (2,0), (0,0): 8 and 1 within, 8, 1, 1, 1 across.
  const torch::Tensor x = torch::tensor({{1.0, 1.0}, {0.0, 2.0}}, torch::kFloat64);
  const torch::Tensor y = torch::tensor({{2.0, 0.0}, {0.0, 0.0}}, torch::kFloat64);
  EXPECT_NEAR(kernel_distance(x, y), 8 + 1 - 2 * (8 + 1 + 1 + 1) / 4.0, 1e-12);
}

TEST(KernelDistance, OfASetWithItselfIsZeroWhereBiasedAndBelowWhereNot) {
  const torch::Tensor x = test::formula_rows(30, 5, 0, 0);
  EXPECT_NEAR(gaussian_mmd(x, x), 0, 1e-9);
  EXPECT_LT(kernel_distance(x, x), 0);
  EXPECT_TRUE(std::isnan(kernel_distance(x.narrow(0, 0, 1), x)));
}

TEST(KernelSums, OfManyDrawsAreThoseOfEachAlone) {
  // More rows than a tile, so that its seams are crossed.
  const torch::Tensor x = test::formula_rows(1500, 3, 0, 0), y = test::formula_rows(1100, 3, 0.4, 0.1);
  const torch::Tensor u = (torch::arange(1500 * 2).remainder(3) == 0).to(torch::kFloat64).view({1500, 2});
  const torch::Tensor v = (torch::arange(1100 * 2).remainder(5) < 2).to(torch::kFloat64).view({1100, 2});
  const torch::Tensor sums = kernel_sums(x, y, u, v, Kernel::Cubic);
  const torch::Tensor all = torch::matmul(x, y.t()).div(3).add(1).pow(3);
  for (std::int64_t q = 0; q < 2; ++q) {
    const double expected = (u.select(1, q).unsqueeze(1) * all * v.select(1, q).unsqueeze(0)).sum().item<double>();
    EXPECT_NEAR(sums[q].item<double>(), expected, 1e-10 * std::abs(expected));
  }
  EXPECT_NEAR(kernel_diagonal(x, Kernel::Cubic)[7].item<double>(),
              std::pow(x[7].square().sum().item<double>() / 3 + 1, 3), 1e-9);
}

TEST(UnitLength, LeavesZerosAndScalesTheRest) {
  const torch::Tensor rows = unit_length(torch::tensor({{3.0F, 4.0F}, {0.0F, 0.0F}}));
  EXPECT_TRUE(torch::allclose(rows, torch::tensor({{0.6F, 0.8F}, {0.0F, 0.0F}})));
}

TEST(KernelSums, RefuseRowsOfDifferentLengthAndWeightsOfAnotherNumber) {
  const torch::Tensor x = test::formula_rows(4, 3, 0, 0), u = torch::ones({4, 1}, torch::kFloat64);
  EXPECT_THROW(kernel_distance(x, test::formula_rows(4, 2, 0, 0)), std::invalid_argument);
  EXPECT_THROW(kernel_sums(x, x, u, torch::ones({3, 1}, torch::kFloat64), Kernel::Cubic), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
