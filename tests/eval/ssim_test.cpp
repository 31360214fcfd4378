// Against scikit-image, and the extremes.
#include "eval/ssim.h"

#include "tests/support/support.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::eval {
namespace {

TEST(Ssim, IsThatOfScikitImage) {
  const auto oracle =
      nlohmann::json::parse(ctforge::test::read_file(ctforge::test::source_dir() / "tests/oracle/ssim.json"));
  const auto x = torch::arange(32, torch::kFloat64).view({1, 1, 1, 32});
  const auto y = torch::arange(24, torch::kFloat64).view({1, 1, 24, 1});
  const auto a = torch::sin(x / 3) * torch::cos(y / 4), b = a + 0.2 * torch::cos(x * y / 7);
  EXPECT_NEAR(structural_similarity(a, b, 2).item<double>(), oracle.at("ssim").get<double>(), 1e-9);
  EXPECT_NEAR(psnr_db(a, b, 2).item<double>(), oracle.at("psnr").get<double>(), 1e-9);
}

TEST(Ssim, OfEqualAndOfOppositeImages) {
  torch::manual_seed(1);
  const auto a = torch::randn({3, 1, 16, 16}, torch::kFloat64) + 5;
  EXPECT_TRUE(torch::allclose(structural_similarity(a, a, 2), torch::ones({3}, torch::kFloat64)));
  EXPECT_TRUE(torch::isinf(psnr_db(a, a, 2)).all().item<bool>());
  EXPECT_LT(structural_similarity(a, 10 - a, 2).max().item<double>(), 0);  // the same mean, the opposite contrast
  EXPECT_THROW(structural_similarity(a, a.narrow(2, 0, 8), 2), std::invalid_argument);
  EXPECT_THROW(structural_similarity(a.narrow(2, 0, 8), a.narrow(2, 0, 8), 2), std::invalid_argument);
  EXPECT_THROW(psnr_db(a, a.narrow(0, 0, 1), 2), std::invalid_argument);
}

TEST(MultiscaleSimilarity, IsThatOfPytorchMsssim) {
  const auto oracle =
      nlohmann::json::parse(ctforge::test::read_file(ctforge::test::source_dir() / "tests/oracle/multiscale.json"));
  const auto x = torch::arange(192, torch::kFloat64).view({1, 1, 1, 192});
  const auto y = torch::arange(176, torch::kFloat64).view({1, 1, 176, 1});
  const auto a = torch::sin(x / 3) * torch::cos(y / 4) + 0.3 * torch::sin(x * y / 900);
  const auto b = a + 0.4 * torch::cos(x * y / 7);
  for (std::int64_t scales = 1; scales <= 5; ++scales)
    EXPECT_NEAR(multiscale_similarity(a, b, 2, scales).item<double>(), oracle.at(std::to_string(scales)).get<double>(),
                1e-6);
  EXPECT_NEAR(multiscale_similarity(a, a, 2, 5).item<double>(), 1, 1e-12);
  EXPECT_THROW(multiscale_similarity(a, b, 2, 6), std::invalid_argument);
}

TEST(MultiscaleSimilarity, ScalesLeaveAWindow) {
  EXPECT_EQ(scales_within(64, 64), 3);
  EXPECT_EQ(scales_within(256, 200), 5);
  EXPECT_EQ(scales_within(16, 64), 1);
  EXPECT_EQ(scales_within(10, 64), 0);
}

}  // namespace
}  // namespace ctforge::eval
