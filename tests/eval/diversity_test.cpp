// Diversity: pairs that are allowed, equal patches, and a shrunken set.
#include "eval/diversity.h"

#include "tests/eval/support.h"

#include <numeric>
#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::eval {
namespace {

Indices all_rows(const PatchSet& set) {
  Indices rows(static_cast<std::size_t>(set.size()));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

TEST(Diversity, PairsAreOfOneClassAndTwoPatients) {
  PatchSet set = test::shapes(40, 16, 1);
  set.classes = {"a", "b"};
  for (std::size_t i = 0; i < 40; ++i) set.class_index[i] = static_cast<std::int32_t>(i % 2);
  const PatchPairs pairs = pairs_within_classes(set, all_rows(set), 50, 3);
  EXPECT_EQ(pairs.size(), 50u);
  for (const auto& [first, second] : pairs) {
    EXPECT_EQ(first % 2, second % 2);
    EXPECT_NE(first / 4, second / 4);
  }
  EXPECT_EQ(pairs, pairs_within_classes(set, all_rows(set), 50, 3));
  EXPECT_TRUE(pairs_within_classes(set, {0, 2}, 50, 3).empty());  // one patient
}

TEST(Diversity, OfEqualPatchesIsOneAndOfOthersLess) {
  const PatchSet set = test::shapes(16, 16, 2);
  const torch::Tensor one = set.all().hu.narrow(0, 0, 1).expand({16, 16, 16}).contiguous();
  const PatchSet copies = test::patch_set(one, torch::zeros(one.sizes(), torch::kUInt8), set.patient);
  EXPECT_NEAR(mean_similarity(copies, pairs_within_classes(copies, all_rows(copies), 20, 1)), 1, 1e-9);
  EXPECT_LT(mean_similarity(set, pairs_within_classes(set, all_rows(set), 20, 1)), 0.9);
  EXPECT_THROW(mean_similarity(set, {}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
