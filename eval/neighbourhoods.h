// Improved precision and recall, density and coverage: which images lie among those of the other set, told by the balls
// that reach to each image's k-th nearest neighbour within its own set.
//
// Exact in float64 but computed in float32 tiles (eval/distance_kernel.h): memory grows with N, not with N^2.
#pragma once

#include "eval/distance_kernel.h"

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace ctforge::eval {

// Precision and recall: k = 3 and d <= r (Kynkäänniemi et al. 2019, arXiv 1904.06991, equation 1), as in torch-fidelity
// and stylegan3. Density and coverage: k = 5 and d < r (Naeem et al. 2020, arXiv 2002.09797, equations 4 and 5), as in
// prdc.
inline constexpr std::int64_t kManifoldNeighbour = 3;
inline constexpr std::int64_t kDensityNeighbour = 5;

// Rows of features with the distances to their nearest neighbours among themselves.
class Neighbourhoods {
 public:
  // rows: [N,D] float32 or float64, N > kDensityNeighbour, finite. centre [D]: what is subtracted before products are
  // taken, near the rows' mean, the same for two sets that are compared. Throws std::invalid_argument otherwise.
  Neighbourhoods(const torch::Tensor& rows, const torch::Tensor& centre);

  std::int64_t size() const { return rows_.size(0); }
  // Distance of each row to its k-th nearest other row, squared: [N] float64, k = 1 to kDensityNeighbour.
  torch::Tensor squared_radii(std::int64_t k) const;
  RowsView view() const;
  const torch::Tensor& centred() const { return centred_; }

 private:
  torch::Tensor rows_;     // as given, on the CPU
  torch::Tensor centred_;  // [N,D] float32
  torch::Tensor norms_;    // [N] float32
  torch::Tensor squared_;  // [N,kDensityNeighbour] float64
};

struct NeighbourhoodScores {
  double precision = 0;  // part of the synthetic rows within a real row's ball
  double recall = 0;     // part of the real rows within a synthetic row's ball
  double density = 0;    // synthetic rows in a real row's ball, over k: 1 where both sets are alike, unbounded
  double coverage = 0;   // part of the real rows whose ball holds a synthetic row
};
// Of two sets with one centre. Throws std::invalid_argument where their rows differ in length or type.
NeighbourhoodScores neighbourhood_scores(const Neighbourhoods& real, const Neighbourhoods& synthetic);
// With the real rows' mean as the centre.
NeighbourhoodScores neighbourhood_scores(const torch::Tensor& real, const torch::Tensor& synthetic);

}  // namespace ctforge::eval
