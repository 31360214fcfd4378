// Fréchet distances of ever larger draws and the line through them.
#include "eval/frechet_infinity.h"

#include "eval/frechet.h"
#include "io/file/random.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ctforge::eval {
namespace {

torch::Tensor shuffled(const torch::Tensor& rows, io::Random& random) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows.size(0)));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return rows.index_select(0, torch::tensor(order));
}

}  // namespace

double frechet_infinity(const torch::Tensor& x, const torch::Tensor& y, std::uint64_t seed) {
  if (x.dim() != 2 || y.dim() != 2 || std::min(x.size(0), y.size(0)) < kInfinityLeastRows) {
    throw std::invalid_argument("an extrapolation needs at least 16 rows on both sides");
  }
  io::Random random(seed);
  const torch::Tensor first = shuffled(x.to(torch::kFloat64), random), second = shuffled(y.to(torch::kFloat64), random);
  const std::int64_t most = std::min(x.size(0), y.size(0)), least = std::max<std::int64_t>(8, most / 10);
  double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  for (int i = 0; i < kInfinitySizes; ++i) {
    const std::int64_t count = least + (most - least) * i / (kInfinitySizes - 1);
    const double inverse = 1.0 / static_cast<double>(count);
    const double distance = frechet_distance(first.narrow(0, 0, count), second.narrow(0, 0, count));
    sum_x += inverse;
    sum_y += distance;
    sum_xx += inverse * inverse;
    sum_xy += inverse * distance;
  }
  const double slope = (kInfinitySizes * sum_xy - sum_x * sum_y) / (kInfinitySizes * sum_xx - sum_x * sum_x);
  return (sum_y - slope * sum_x) / kInfinitySizes;
}

}  // namespace ctforge::eval
