// Each patch is made once, and stays what it was.
#include "eval/remembered.h"

#include "tests/eval/support.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

TEST(Remembered, EachPatchIsMadeOnce) {
  PatchSet set = test::shapes(8, 16, 1);
  const Pixels expected = set.all();
  std::int64_t made = 0;
  set.pixels = [&made, fetch = set.pixels](std::span<const std::int64_t> indices) {
    made += std::ssize(indices);
    return fetch(indices);
  };
  const PatchSet kept = remembered(set);
  EXPECT_EQ(made, 0);
  const Indices some = {5, 2, 5};
  EXPECT_TRUE(torch::equal(kept.pixels(some).hu[0], expected.hu[5]));
  EXPECT_EQ(made, 2);
  EXPECT_TRUE(torch::equal(kept.all().hu, expected.hu));
  EXPECT_TRUE(torch::equal(kept.all().mask, expected.mask));
  EXPECT_EQ(made, 8);
}

TEST(Remembered, HasNoPatchBeyondItsLast) {
  const PatchSet kept = remembered(test::shapes(4, 16, 1));
  EXPECT_THROW(kept.pixels(Indices{4}), std::out_of_range);
}

}  // namespace
}  // namespace ctforge::eval
