// Strips of columns, and the mirror of what lies above the diagonal.
#include "eval/symmetric_product.h"

#include <algorithm>

namespace ctforge::eval {
namespace {

constexpr std::int64_t kStrip = 256;  // wide enough for products at full speed, narrow enough to save nearly half

// Calls use(start, count) for each strip of the dimensions.
template <class Use>
void for_each_strip(std::int64_t dimensions, const Use& use) {
  for (std::int64_t start = 0; start < dimensions; start += kStrip) use(start, std::min(kStrip, dimensions - start));
}

torch::Tensor mirrored(const torch::Tensor& upper) { return upper.triu() + upper.triu(1).t(); }

}  // namespace

torch::Tensor gram(const torch::Tensor& rows) {
  const std::int64_t dimensions = rows.size(1);
  torch::Tensor upper = torch::empty({dimensions, dimensions}, rows.options());
  for_each_strip(dimensions, [&](std::int64_t start, std::int64_t count) {
    const std::int64_t rest = dimensions - start;
    upper.narrow(0, start, count)
        .narrow(1, start, rest)
        .copy_(torch::matmul(rows.narrow(1, start, count).t(), rows.narrow(1, start, rest)));
  });
  return mirrored(upper);
}

torch::Tensor congruence(const torch::Tensor& lower, const torch::Tensor& symmetric) {
  const std::int64_t dimensions = lower.size(0);
  torch::Tensor half = torch::empty_like(symmetric), upper = torch::empty_like(symmetric);
  for_each_strip(dimensions, [&](std::int64_t start, std::int64_t count) {  // L^T S: L is zero above the strip
    const std::int64_t rest = dimensions - start;
    half.narrow(0, start, count)
        .copy_(
            torch::matmul(lower.narrow(0, start, rest).narrow(1, start, count).t(), symmetric.narrow(0, start, rest)));
  });
  for_each_strip(dimensions,
                 [&](std::int64_t start, std::int64_t count) {  // and of its rows those down to the diagonal
                   const std::int64_t rest = dimensions - start;
                   upper.narrow(0, 0, start + count)
                       .narrow(1, start, count)
                       .copy_(torch::matmul(half.narrow(0, 0, start + count).narrow(1, start, rest),
                                            lower.narrow(0, start, rest).narrow(1, start, count)));
                 });
  return mirrored(upper);
}

}  // namespace ctforge::eval
