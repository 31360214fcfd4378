// 2000 mutations of real files, in parts that can run side by side.
#include "tests/io/decode/mutations.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::test {
namespace {

class ManyMutations : public ::testing::TestWithParam<int> {};

TEST_P(ManyMutations, NoDeathNoHangNoSilence) {
  const auto data = real_data("");
  if (!data) GTEST_SKIP() << kNoRealData;
  mutate_all(*data, 200, 100'000'000ULL * static_cast<std::uint64_t>(1 + GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Parts, ManyMutations, ::testing::Range(0, 10));

}  // namespace
}  // namespace ctforge::test
