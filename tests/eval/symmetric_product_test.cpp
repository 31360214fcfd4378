// Symmetric products against general ones, below, at and above the width of a strip.
#include "eval/symmetric_product.h"

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

class SymmetricProduct : public ::testing::TestWithParam<std::int64_t> {};

void expect_symmetric_and_near(const torch::Tensor& product, const torch::Tensor& expected) {
  EXPECT_TRUE(torch::equal(product, product.t()));
  const double error = (product - expected).abs().max().item<double>();
  EXPECT_LT(error, 1e-13 * expected.abs().max().item<double>());
}

TEST_P(SymmetricProduct, EqualsTheGeneralProduct) {
  torch::manual_seed(GetParam());
  const torch::Tensor rows = torch::randn({70, GetParam()}, torch::kFloat64);
  const torch::Tensor square = gram(rows);
  expect_symmetric_and_near(square, torch::matmul(rows.t(), rows));
  const torch::Tensor lower = torch::randn({GetParam(), GetParam()}, torch::kFloat64).tril();
  expect_symmetric_and_near(congruence(lower, square), torch::matmul(torch::matmul(lower.t(), square), lower));
}

INSTANTIATE_TEST_SUITE_P(Widths, SymmetricProduct, ::testing::Values(1, 5, 255, 256, 257, 600));

}  // namespace
}  // namespace ctforge::eval
