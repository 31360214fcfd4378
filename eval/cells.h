// A partition of feature space: k-means over the principal components of some rows.
#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace ctforge::eval {

class CellPartition {
 public:
  // rows [N,D], N >= 2: centred, projected on their first min(components, D, N - 1) principal components, and gathered
  // about at most `cells` centres, one for every 20 rows at most (Lloyd 1982, begun as Arthur and Vassilvitskii 2007).
  // Deterministic in seed. Throws std::invalid_argument for fewer rows.
  CellPartition(const torch::Tensor& rows, std::uint64_t seed, std::int64_t cells = 10, std::int64_t components = 64);
  torch::Tensor projected(const torch::Tensor& rows) const;                      // [M,D] -> [M,components] float64
  std::vector<std::int64_t> cell_of(const torch::Tensor& projected_rows) const;  // of the nearest centre
  std::int64_t count() const { return centres_.size(0); }

 private:
  torch::Tensor mean_, axes_, centres_;  // [D], [D,components], [cells,components] float64
};

}  // namespace ctforge::eval
