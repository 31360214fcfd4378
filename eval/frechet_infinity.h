// The Fréchet distance with its bias at finite N extrapolated away.
#pragma once

#include <cstdint>

#include <torch/types.h>

namespace ctforge::eval {

inline constexpr int kInfinitySizes = 15;

// The intercept of the least-squares line of Fréchet distance against 1/n at kInfinitySizes sizes n, evenly spaced from
// a tenth of N (at least 8 rows) to N (Chong and Forsyth 2020, arXiv 1911.07023). Both sets are thinned to n rows, so
// that the bias of both goes; the paper thins the generated one alone, against a reference of any size. The bias is
// that straight a line only for n above D: below, the intercept is nearer to the truth than the distance but not free
// of bias. It can be negative. x [N,D], y [M,D]; N is the smaller number of rows. Deterministic in seed. Throws
// std::invalid_argument as frechet_distance, and below 16 rows.
double frechet_infinity(const torch::Tensor& x, const torch::Tensor& y, std::uint64_t seed);
inline constexpr std::int64_t kInfinityLeastRows = 16;

}  // namespace ctforge::eval
