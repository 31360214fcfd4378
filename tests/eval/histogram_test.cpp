// HU histograms against SciPy's Wasserstein distance and a shift known exactly.
#include "eval/histogram.h"

#include "tests/eval/support.h"

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

PatchSet of_values(const torch::Tensor& values) {
  const torch::Tensor hu = values.to(torch::kInt16).view({1, 1, -1});
  return test::patch_set(hu, torch::zeros(hu.sizes(), torch::kUInt8), {0});
}

torch::Tensor pooled(const torch::Tensor& values) {
  return pooled_histogram(hu_histograms(of_values(values), {-1000, 1000}), {0});
}

TEST(Wasserstein1, EqualsSciPys) {
  const torch::Tensor i = torch::arange(200), j = torch::arange(120);
  const torch::Tensor a = (i * 17).remainder(301) - 150, b = (j * 29).remainder(251) - 100;
  EXPECT_NEAR(wasserstein1_hu(pooled(a), pooled(b)),
              test::oracle().at("histograms").at("wasserstein1_hu").get<double>(), 1e-9);
}

TEST(Wasserstein1, OfAShiftIsTheShift) {
  const torch::Tensor a = torch::arange(-300, 300, 7);
  EXPECT_NEAR(wasserstein1_hu(pooled(a), pooled(a + 30)), 30, 1e-9);
}

TEST(HuHistograms, CountValuesBeyondTheWindowAtItsEnds) {
  const torch::Tensor counts = hu_histograms(of_values(torch::tensor({-3000, -5, 0, 0, 9, 900})), {-5, 5});
  ASSERT_EQ(counts.size(1), 11);
  EXPECT_EQ(counts[0][0].item<int>(), 2);
  EXPECT_EQ(counts[0][5].item<int>(), 2);
  EXPECT_EQ(counts[0][10].item<int>(), 2);
  EXPECT_THROW(hu_histograms(of_values(torch::tensor({1})), {3, 3}), std::invalid_argument);
  EXPECT_THROW(pooled_histogram(counts, {}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
