// The Fréchet distance between the Gaussians fitted to two sets of features, and the moments it is made of.
//
// d^2 = |m1 - m2|^2 + Tr(C1) + Tr(C2) - 2 Tr((C1 C2)^(1/2))    Heusel et al. 2017 (arXiv 1706.08500), equation 6,
// after Dowson and Landau 1982, equation 16. Covariances are unbiased (divided by n - 1). All of it in float64.
#pragma once

#include <cstdint>

#include <torch/types.h>

namespace ctforge::eval {

// Mean [D] and covariance [D,D] of n rows, float64 on the CPU.
struct Gaussian {
  torch::Tensor mean;
  torch::Tensor covariance;
  std::int64_t count = 0;
};

// Moments of rows that arrive in batches: each batch is centred on its own mean and merged (Chan, Golub and LeVeque
// 1983, equations 2.1), so that large means do not cancel.
class Moments {
 public:
  // rows: [N,D] of any floating type, N >= 1. Throws std::invalid_argument on another shape or another D than before.
  void add(const torch::Tensor& rows);
  void merge(const Moments& other);
  std::int64_t count() const { return count_; }
  // Throws std::invalid_argument when fewer than two rows were added.
  Gaussian gaussian() const;

 private:
  void merge(std::int64_t count, const torch::Tensor& mean, const torch::Tensor& scatter);
  std::int64_t count_ = 0;
  torch::Tensor mean_;     // [D] float64
  torch::Tensor scatter_;  // [D,D] float64: sum over rows of (x - mean)(x - mean)^T
};

// d^2 between two Gaussians. Tr((C1 C2)^(1/2)) is the sum of the square roots of the eigenvalues of L^T C2 L with
// C1 = L L^T; where C1 has no Cholesky factor, L comes of its symmetric square root.
double frechet_distance(const Gaussian& a, const Gaussian& b);

// d^2 between two sets of features [N,D] and [M,D], N, M >= 2. When one of them has no more rows than columns its
// covariance is singular, and the trace is the nuclear norm |X Y^T|_* / sqrt((N-1)(M-1)) of the centred rows X and Y,
// which is exact; else it goes over the Gaussians. Throws std::invalid_argument on other shapes.
double frechet_distance(const torch::Tensor& x, const torch::Tensor& y);

// What d^2 is expected to be, to first order, between two samples of n rows each of one isotropic Gaussian of unit
// variance in d dimensions: [2d + d(d+1)/2] / n. The distance of identical populations is not zero at finite n.
double isotropic_bias(std::int64_t dimensions, std::int64_t count);

}  // namespace ctforge::eval
