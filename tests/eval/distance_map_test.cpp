// Distances against all pairs.
#include "eval/distance_map.h"

#include "io/file/random.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

constexpr std::array<std::int64_t, 3> kSize = {5, 7, 11};
constexpr std::array<double, 3> kSpacing = {3, 0.7, 1.3};

double by_all_pairs(const std::vector<std::uint8_t>& marked, std::int64_t i) {
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t j = 0; j < std::ssize(marked); ++j) {
    if (marked[static_cast<std::size_t>(j)] == 0) continue;
    const auto z = static_cast<double>(i / 77 - j / 77) * kSpacing[0];
    const auto y = static_cast<double>(i / 11 % 7 - j / 11 % 7) * kSpacing[1];
    const auto x = static_cast<double>(i % 11 - j % 11) * kSpacing[2];
    least = std::min(least, std::sqrt(z * z + y * y + x * x));
  }
  return least;
}

TEST(DistanceMap, IsThatOfAllPairs) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    io::Random random(seed);
    std::vector<std::uint8_t> marked(5 * 7 * 11);
    for (auto& mark : marked) mark = random.chance(seed == 1 ? 0.01 : 0.2) ? 1 : 0;
    const auto distance = distance_map_mm(marked, kSize, kSpacing);
    for (std::int64_t i = 0; i < std::ssize(marked); ++i)
      EXPECT_NEAR(distance[static_cast<std::size_t>(i)], by_all_pairs(marked, i), 1e-12);
  }
}

TEST(DistanceMap, IsInfiniteWithoutAMark) {
  const auto distance = distance_map_mm(std::vector<std::uint8_t>(8, 0), {2, 2, 2}, {1, 1, 1});
  EXPECT_TRUE(std::all_of(distance.begin(), distance.end(), [](double d) { return std::isinf(d); }));
  EXPECT_THROW(distance_map_mm({1}, {2, 2, 2}, {1, 1, 1}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
