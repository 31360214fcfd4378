// The Vendi score by the eigenvalues of the smaller Gram matrix.
#include "eval/vendi.h"

#include "eval/kernel_distance.h"

#include <cmath>
#include <stdexcept>

namespace ctforge::eval {

double vendi_score(const torch::Tensor& features) {
  if (features.dim() != 2 || features.size(0) < 1 || features.size(1) < 1 || !features.is_floating_point()) {
    throw std::invalid_argument("the Vendi score needs features [N,D]");
  }
  const torch::Tensor rows = unit_length(features.to(torch::kFloat64));
  if ((rows.square().sum(1) == 0).any().item<bool>()) {
    throw std::invalid_argument("the Vendi score needs rows with a direction");
  }
  const torch::Tensor gram =
      rows.size(0) <= rows.size(1) ? torch::matmul(rows, rows.t()) : torch::matmul(rows.t(), rows);
  const torch::Tensor values = torch::linalg_eigvalsh(gram / static_cast<double>(rows.size(0))).clamp_min(0);
  return std::exp(-torch::xlogy(values, values).sum().item<double>());
}

}  // namespace ctforge::eval
