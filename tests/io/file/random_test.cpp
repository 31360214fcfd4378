// The generator's published first values, and its distributions' moments.
#include "io/file/random.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(Random, SplitMix64ReferenceValues) {
  // First outputs for seed 1234567 of the public-domain splitmix64.c by Vigna, as listed on Rosetta Code.
  Random random(1234567);
  EXPECT_EQ(random.bits(), 6457827717110365317ULL);
  EXPECT_EQ(random.bits(), 3203168211198807973ULL);
  EXPECT_EQ(random.bits(), 9817491932198370423ULL);
}

TEST(Random, NormalHasUnitMoments) {
  Random random(3);
  double sum = 0, squares = 0;
  const int n = 200000;
  for (int i = 0; i < n; ++i) {
    const double value = random.normal();
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2.0 / n));
}

TEST(Random, BelowStaysBelowAndReachesAll) {
  Random random(4);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(random.below(7));
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_EQ(*seen.rbegin(), 6U);
}

TEST(Random, MixedSeedsDiffer) {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < 30; ++seed)
    for (std::uint64_t index = 0; index < 30; ++index) seeds.insert(mix_seed(seed, index));
  EXPECT_EQ(seeds.size(), 900U);
}

}  // namespace
}  // namespace ctforge::io
