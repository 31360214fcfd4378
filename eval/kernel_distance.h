// Maximum mean discrepancies: how far two sets of features lie apart in the space of a kernel.
//
// Sums over all pairs are taken tile by tile, for any number of subsets at once: memory does not grow as N^2, and many
// draws from the same rows cost little more than one.
#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace ctforge::eval {

enum class Kernel {
  Cubic,     // (x.y / D + 1)^3, of the kernel inception distance (Binkowski et al. 2018, arXiv 1801.01401)
  Gaussian,  // exp(-|x - y|^2 / (2 sigma^2)) with sigma = 10, of CMMD (Jayasumana et al. 2024, arXiv 2401.09603)
};
inline constexpr double kGaussianSigma = 10;
inline constexpr double kGaussianScale = 1000;  // CMMD is published times this

// Sum over i, j of u[i,q] k(x_i, y_j) v[j,q]: [Q] float64. x [N,D], y [M,D] of one floating type, in which products
// x.y are taken; kernel and sums are float64. u [N,Q], v [M,Q]. Throws std::invalid_argument on other shapes.
torch::Tensor kernel_sums(const torch::Tensor& x, const torch::Tensor& y, const torch::Tensor& u,
                          const torch::Tensor& v, Kernel kernel);
// k(x_i, x_i): [N] float64.
torch::Tensor kernel_diagonal(const torch::Tensor& x, Kernel kernel);

// Sums of one pair of sets: n rows of x and m of y.
struct KernelSums {
  double xx = 0, yy = 0, xy = 0;          // over all pairs
  double diagonal_x = 0, diagonal_y = 0;  // of these, those of a row with itself
  double n = 0, m = 0;
};
// The U-statistic (Gretton et al. 2012, equation 3), which may be negative: pairs of a row with itself are left out.
// Not a number where a side has a single row.
double unbiased_mmd(const KernelSums& sums);
// The V-statistic (Gretton et al. 2012, equation 5), never negative.
double biased_mmd(const KernelSums& sums);

// The kernel inception distance over all rows, without subsets: equal to torch-fidelity's with one subset of N rows.
double kernel_distance(const torch::Tensor& x, const torch::Tensor& y);
// CMMD's distance of features as given: biased, times kGaussianScale. CMMD itself gives it rows of unit length.
double gaussian_mmd(const torch::Tensor& x, const torch::Tensor& y);
// Rows scaled to unit length; rows of zeros stay.
torch::Tensor unit_length(const torch::Tensor& rows);

}  // namespace ctforge::eval
