// Grey level co-occurrence (IBSI LFYI): how often two levels are neighbours along a direction.
#include "eval/radiomics_families.h"
#include "eval/spectral_norm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace ctforge::eval {
namespace {

constexpr std::array<const char*, 24> kCooccurrenceNames = {"Autocorrelation",
                                                            "ClusterProminence",
                                                            "ClusterShade",
                                                            "ClusterTendency",
                                                            "Contrast",
                                                            "Correlation",
                                                            "DifferenceAverage",
                                                            "DifferenceEntropy",
                                                            "DifferenceVariance",
                                                            "Id",
                                                            "Idm",
                                                            "Idmn",
                                                            "Idn",
                                                            "Imc1",
                                                            "Imc2",
                                                            "InverseVariance",
                                                            "JointAverage",
                                                            "JointEnergy",
                                                            "JointEntropy",
                                                            "MCC",
                                                            "MaximumProbability",
                                                            "SumAverage",
                                                            "SumEntropy",
                                                            "SumSquares"};

using Values = std::array<double, kCooccurrenceNames.size()>;

// One direction's symmetric matrix over the levels that occur, and its marginals.
struct Matrix {
  std::size_t size = 0;
  std::vector<double> p;                // [size,size], sums to 1
  std::vector<double> marginal;         // [size], of rows and columns alike
  std::vector<double> difference, sum;  // probabilities of |i-j| = k and i+j = k
};

double entropy(const std::vector<double>& probabilities) {
  double bits = 0;
  for (const double p : probabilities)
    if (p > 0) bits -= p * std::log2(p);
  return bits;
}

// Empty when no two voxels of the region are neighbours along this direction.
Matrix matrix_along(const LevelGrid& grid, const std::array<int, 3>& direction) {
  const std::size_t size = grid.present.size();
  const std::ptrdiff_t step = grid.step(direction);
  std::vector<std::int32_t> pairs(size * size, 0);
  std::int64_t total = 0;
  for (const std::int64_t voxel : grid.voxels) {
    const std::int32_t neighbour = grid.rank[static_cast<std::size_t>(voxel + step)];
    if (neighbour < 0) continue;
    const auto own = static_cast<std::size_t>(grid.rank[static_cast<std::size_t>(voxel)]);
    ++pairs[own * size + static_cast<std::size_t>(neighbour)];
    ++total;
  }
  Matrix matrix;
  if (total == 0) return matrix;
  matrix.size = size;
  matrix.p.assign(size * size, 0);
  matrix.marginal.assign(size, 0);
  const auto highest = static_cast<std::size_t>(grid.levels());
  matrix.difference.assign(highest, 0);
  matrix.sum.assign(2 * highest + 1, 0);
  for (std::size_t a = 0; a < size; ++a)
    for (std::size_t b = 0; b < size; ++b) {
      const std::int32_t count = pairs[a * size + b] + pairs[b * size + a];
      if (count == 0) continue;
      const double p = count / (2.0 * static_cast<double>(total));
      const std::int32_t i = grid.present[a], j = grid.present[b];
      matrix.p[a * size + b] = p;
      matrix.marginal[a] += p;
      matrix.difference[static_cast<std::size_t>(std::abs(i - j))] += p;
      matrix.sum[static_cast<std::size_t>(i + j)] += p;
    }
  return matrix;
}

// Maximal correlation coefficient (Haralick et al. 1973, f14): the root of the second largest eigenvalue of
// Q(i,j) = sum over k of p(i,k) p(j,k) / (px(i) py(k)). For a symmetric p, Q has the eigenvalues of M^2 with
// M(i,j) = p(i,j) / sqrt(px(i) px(j)), whose largest is 1 and belongs to sqrt(px).
double maximal_correlation(const Matrix& matrix) {
  if (matrix.size < 2) return 1;
  std::vector<double> rest(matrix.p.size());  // M less its part along sqrt(px)
  for (std::size_t a = 0; a < matrix.size; ++a)
    for (std::size_t b = 0; b <= a; ++b) {
      const double root = std::sqrt(matrix.marginal[a] * matrix.marginal[b]);
      if (root > 0) rest[a * matrix.size + b] = matrix.p[a * matrix.size + b] / root - root;
    }
  return spectral_norm(std::move(rest), matrix.size);
}

Values features_of(const Matrix& matrix, const LevelGrid& grid) {
  double auto_correlation = 0, mean = 0, energy = 0, maximum = 0;
  for (std::size_t a = 0; a < matrix.size; ++a) {
    const double i = grid.present[a];
    mean += matrix.marginal[a] * i;
    for (std::size_t b = 0; b < matrix.size; ++b) {
      const double p = matrix.p[a * matrix.size + b];
      auto_correlation += p * i * grid.present[b];
      energy += p * p;
      maximum = std::max(maximum, p);
    }
  }
  double variance = 0;
  for (std::size_t a = 0; a < matrix.size; ++a)
    variance += matrix.marginal[a] * (grid.present[a] - mean) * (grid.present[a] - mean);
  double tendency = 0, shade = 0, prominence = 0, sum_average = 0;
  for (std::size_t k = 2; k < matrix.sum.size(); ++k) {
    const double d = static_cast<double>(k) - 2 * mean, p = matrix.sum[k];
    sum_average += p * static_cast<double>(k);
    tendency += p * d * d;
    shade += p * d * d * d;
    prominence += p * d * d * d * d;
  }
  const double levels = grid.levels();
  double contrast = 0, difference = 0, id = 0, idm = 0, idn = 0, idmn = 0, inverse_variance = 0;
  for (std::size_t n = 0; n < matrix.difference.size(); ++n) {
    const double k = static_cast<double>(n), p = matrix.difference[n];
    contrast += p * k * k;
    difference += p * k;
    id += p / (1 + k);
    idm += p / (1 + k * k);
    idn += p / (1 + k / levels);
    idmn += p / (1 + k * k / (levels * levels));
    if (n > 0) inverse_variance += p / (k * k);
  }
  double difference_variance = 0;
  for (std::size_t n = 0; n < matrix.difference.size(); ++n) {
    const double d = static_cast<double>(n) - difference;
    difference_variance += matrix.difference[n] * d * d;
  }
  // For a symmetric matrix both marginals have entropy h, and HXY1 = HXY2 = 2 h.
  const double joint = entropy(matrix.p), h = entropy(matrix.marginal);
  return {
      auto_correlation,                                                // QWB0
      prominence,                                                      // AE86
      shade,                                                           // 7NFM
      tendency,                                                        // DG8W
      contrast,                                                        // ACUI
      variance > 0 ? (auto_correlation - mean * mean) / variance : 1,  // NI2N
      difference,                                                      // TF7R
      entropy(matrix.difference),                                      // NTRS
      difference_variance,                                             // D3YU
      id,                                                              // IB1Z
      idm,                                                             // WF0Z
      idmn,                                                            // 1QCO
      idn,                                                             // NDRX
      h > 0 ? (joint - 2 * h) / h : 0,                                 // R8DG
      std::sqrt(std::max(0.0, 1 - std::exp(-2 * (2 * h - joint)))),    // JN9H
      inverse_variance,                                                // E8JP
      mean,                                                            // 60VM
      energy,                                                          // 8ZQL
      joint,                                                           // TU9B
      maximal_correlation(matrix),                                     // not in IBSI
      maximum,                                                         // GYBY
      sum_average,                                                     // ZGXS
      entropy(matrix.sum),                                             // P6QZ
      variance,                                                        // UR99
  };
}

}  // namespace

std::span<const char* const> cooccurrence_names() { return kCooccurrenceNames; }

std::vector<double> cooccurrence(const LevelGrid& grid) {
  std::vector<double> sum(kCooccurrenceNames.size(), 0);
  std::int64_t directions = 0;
  for (const auto& direction : grid.directions) {
    const Matrix matrix = matrix_along(grid, direction);
    if (matrix.size == 0) continue;
    const Values own = features_of(matrix, grid);
    for (std::size_t i = 0; i < own.size(); ++i) sum[i] += own[i];
    ++directions;
  }
  if (directions > 0)
    for (double& value : sum) value /= static_cast<double>(directions);
  return sum;
}

}  // namespace ctforge::eval
