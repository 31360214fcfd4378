// Sums of kernels over pairs of rows in tiles, and the discrepancies made of them.
#include "eval/kernel_distance.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace ctforge::eval {
namespace {

constexpr std::int64_t kTile = 1024;

void require_pair(const torch::Tensor& x, const torch::Tensor& y) {
  if (x.dim() != 2 || y.dim() != 2 || x.size(1) != y.size(1) || x.size(0) < 1 || y.size(0) < 1 || x.size(1) < 1 ||
      !x.is_floating_point() || x.scalar_type() != y.scalar_type()) {
    throw std::invalid_argument("a kernel needs features [N,D] and [M,D] of one floating type");
  }
}

torch::Tensor squared_norms(const torch::Tensor& rows) { return rows.to(torch::kFloat64).square().sum(1); }

// k of a tile from its products x.y and the squared lengths of the rows: float64 in and out, in place.
torch::Tensor kernel_of(torch::Tensor products, const torch::Tensor& x_norms, const torch::Tensor& y_norms,
                        std::int64_t dimensions, Kernel kernel) {
  if (kernel == Kernel::Cubic) return products.div_(static_cast<double>(dimensions)).add_(1).pow_(3);
  products.mul_(-2).add_(x_norms.unsqueeze(1)).add_(y_norms.unsqueeze(0)).clamp_min_(0);
  return products.mul_(-1 / (2 * kGaussianSigma * kGaussianSigma)).exp_();
}

KernelSums sums_of(const torch::Tensor& x, const torch::Tensor& y, Kernel kernel) {
  require_pair(x, y);
  const torch::Tensor u = torch::ones({x.size(0), 1}, torch::kFloat64);
  const torch::Tensor v = torch::ones({y.size(0), 1}, torch::kFloat64);
  return {.xx = kernel_sums(x, x, u, u, kernel).item<double>(),
          .yy = kernel_sums(y, y, v, v, kernel).item<double>(),
          .xy = kernel_sums(x, y, u, v, kernel).item<double>(),
          .diagonal_x = kernel_diagonal(x, kernel).sum().item<double>(),
          .diagonal_y = kernel_diagonal(y, kernel).sum().item<double>(),
          .n = static_cast<double>(x.size(0)),
          .m = static_cast<double>(y.size(0))};
}

}  // namespace

torch::Tensor kernel_sums(const torch::Tensor& x, const torch::Tensor& y, const torch::Tensor& u,
                          const torch::Tensor& v, Kernel kernel) {
  require_pair(x, y);
  if (u.dim() != 2 || v.dim() != 2 || u.size(0) != x.size(0) || v.size(0) != y.size(0) || u.size(1) != v.size(1)) {
    throw std::invalid_argument("weights must be [N,Q] and [M,Q]");
  }
  const torch::Tensor x_norms = squared_norms(x), y_norms = squared_norms(y);
  const torch::Tensor left = u.to(torch::kFloat64), right = v.to(torch::kFloat64);
  torch::Tensor sums = torch::zeros({u.size(1)}, torch::kFloat64);
  for (std::int64_t i = 0; i < x.size(0); i += kTile) {
    const std::int64_t rows = std::min(kTile, x.size(0) - i);
    for (std::int64_t j = 0; j < y.size(0); j += kTile) {
      const std::int64_t columns = std::min(kTile, y.size(0) - j);
      torch::Tensor products = torch::matmul(x.narrow(0, i, rows), y.narrow(0, j, columns).t()).to(torch::kFloat64);
      const torch::Tensor values =
          kernel_of(std::move(products), x_norms.narrow(0, i, rows), y_norms.narrow(0, j, columns), x.size(1), kernel);
      sums += (left.narrow(0, i, rows) * torch::matmul(values, right.narrow(0, j, columns))).sum(0);
    }
  }
  return sums;
}

torch::Tensor kernel_diagonal(const torch::Tensor& x, Kernel kernel) {
  if (kernel == Kernel::Gaussian) return torch::ones({x.size(0)}, torch::kFloat64);
  return squared_norms(x).div_(static_cast<double>(x.size(1))).add_(1).pow_(3);
}

double unbiased_mmd(const KernelSums& sums) {
  if (sums.n < 2 || sums.m < 2) return std::numeric_limits<double>::quiet_NaN();
  return (sums.xx - sums.diagonal_x) / (sums.n * (sums.n - 1)) + (sums.yy - sums.diagonal_y) / (sums.m * (sums.m - 1)) -
         2 * sums.xy / (sums.n * sums.m);
}

double biased_mmd(const KernelSums& sums) {
  return sums.xx / (sums.n * sums.n) + sums.yy / (sums.m * sums.m) - 2 * sums.xy / (sums.n * sums.m);
}

double kernel_distance(const torch::Tensor& x, const torch::Tensor& y) {
  return unbiased_mmd(sums_of(x, y, Kernel::Cubic));
}

double gaussian_mmd(const torch::Tensor& x, const torch::Tensor& y) {
  return kGaussianScale * biased_mmd(sums_of(x, y, Kernel::Gaussian));
}

torch::Tensor unit_length(const torch::Tensor& rows) {
  const torch::Tensor norms = squared_norms(rows).sqrt().unsqueeze(1);
  return (rows.to(torch::kFloat64) / torch::where(norms > 0, norms, torch::ones_like(norms))).to(rows.scalar_type());
}

}  // namespace ctforge::eval
