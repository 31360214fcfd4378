// A part of the mutations; tests/io/decode/mutations_slow_test.cpp has them all.
#include "tests/io/decode/mutations.h"

#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::test {
namespace {

TEST(Mutations, DamageIsSeededAndOfItsKind) {
  const std::string bytes(1000, 'x');
  EXPECT_EQ(damaged(bytes, Damage::Flip, 1), damaged(bytes, Damage::Flip, 1));
  EXPECT_NE(damaged(bytes, Damage::Flip, 1), damaged(bytes, Damage::Flip, 2));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_LT(damaged(bytes, Damage::Cut, seed).size(), bytes.size());
    EXPECT_EQ(damaged(bytes, Damage::Swap, seed).size(), bytes.size());
  }
}

TEST(Mutations, AFewOfEachSource) {
  const auto data = real_data("");
  if (!data) GTEST_SKIP() << kNoRealData;
  mutate_all(*data, 150, 1);
}

}  // namespace
}  // namespace ctforge::test
