// Spectral norms in closed form and against LibTorch's eigenvalues.
#include "eval/spectral_norm.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace ctforge::eval {
namespace {

TEST(SpectralNorm, OfSmallMatrices) {
  EXPECT_NEAR(spectral_norm({-3}, 1), 3, 1e-15);
  EXPECT_NEAR(spectral_norm({2, 1, 1, 2}, 2), 3, 1e-15);
  EXPECT_NEAR(spectral_norm({1, 0, 0, 0, -4, 0, 0, 0, 2}, 3), 4, 1e-15);
  EXPECT_EQ(spectral_norm(std::vector<double>(9, 0), 3), 0);
}

TEST(SpectralNorm, IsThatOfTheEigenvalues) {
  torch::manual_seed(4);
  for (const std::int64_t size : {2, 3, 5, 17, 64}) {
    const torch::Tensor half = torch::randn({size, size}, torch::kFloat64);
    const torch::Tensor matrix =
        (half + half.t() - (size % 2 == 0 ? 1 : 0) * torch::eye(size, torch::kFloat64)).contiguous();
    const double expected = torch::linalg_eigvalsh(matrix).abs().max().item<double>();
    const std::vector<double> values(matrix.data_ptr<double>(), matrix.data_ptr<double>() + matrix.numel());
    EXPECT_NEAR(spectral_norm(values, static_cast<std::size_t>(size)) / expected, 1, 1e-12);
  }
}

TEST(SpectralNorm, NeedsASquareMatrix) {
  EXPECT_THROW(spectral_norm({1, 2}, 2), std::invalid_argument);
  EXPECT_THROW(spectral_norm({}, 0), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
