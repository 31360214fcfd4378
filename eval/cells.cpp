// Principal components and Lloyd's algorithm.
#include "eval/cells.h"

#include "io/file/random.h"

#include <algorithm>
#include <stdexcept>
#include <tuple>

#include <ATen/ops/linalg_eigh.h>

namespace ctforge::eval {

namespace {

constexpr std::int64_t kRowsACell = 20;
constexpr int kMostRounds = 100;

// Centres far from one another: each next row is drawn with the squared distance to the nearest centre so far.
torch::Tensor first_centres(const torch::Tensor& rows, std::int64_t count, io::Random& random) {
  std::vector<std::int64_t> chosen = {
      static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(rows.size(0))))};
  auto nearest = (rows - rows[chosen[0]]).square().sum(1);
  while (std::ssize(chosen) < count) {
    const auto cumulated = nearest.cumsum(0);
    const double total = cumulated[-1].item<double>();
    if (!(total > 0)) break;  // fewer different rows than cells
    const auto at = torch::searchsorted(cumulated, torch::full({1}, random.uniform() * total, torch::kFloat64));
    chosen.push_back(std::min(at.item<std::int64_t>(), rows.size(0) - 1));
    nearest = torch::minimum(nearest, (rows - rows[chosen.back()]).square().sum(1));
  }
  return rows.index_select(0, torch::tensor(chosen));
}

}  // namespace

CellPartition::CellPartition(const torch::Tensor& rows, std::uint64_t seed, std::int64_t cells,
                             std::int64_t components) {
  if (rows.dim() != 2 || rows.size(0) < 2) throw std::invalid_argument("CellPartition: two rows [N,D] at least");
  const auto all = rows.to(torch::kFloat64);
  mean_ = all.mean(0);
  const auto centred = all - mean_;
  const auto kept = std::min({components, rows.size(1), rows.size(0) - 1});
  // Eigenvalues ascend: the last axes are the first components.
  const auto eigenvectors = std::get<1>(at::linalg_eigh(torch::matmul(centred.t(), centred)));
  axes_ = eigenvectors.narrow(1, rows.size(1) - kept, kept).contiguous();
  const auto points = projected(rows);
  io::Random random(seed);
  centres_ = first_centres(points, std::clamp<std::int64_t>(rows.size(0) / kRowsACell, 1, cells), random);
  auto belongs = torch::full({rows.size(0)}, -1, torch::kInt64);
  for (int round = 0; round < kMostRounds; ++round) {
    const auto now = torch::cdist(points, centres_).argmin(1);
    if (torch::equal(now, belongs)) break;
    belongs = now;
    for (std::int64_t cell = 0; cell < centres_.size(0); ++cell) {
      const auto members = belongs.eq(cell);
      if (members.any().item<bool>()) centres_[cell] = points.index({members}).mean(0);
    }
  }
}

torch::Tensor CellPartition::projected(const torch::Tensor& rows) const {
  return torch::matmul(rows.to(torch::kFloat64) - mean_, axes_);
}

std::vector<std::int64_t> CellPartition::cell_of(const torch::Tensor& projected_rows) const {
  const auto nearest = torch::cdist(projected_rows, centres_).argmin(1).contiguous();
  return {nearest.data_ptr<std::int64_t>(), nearest.data_ptr<std::int64_t>() + nearest.numel()};
}

}  // namespace ctforge::eval
