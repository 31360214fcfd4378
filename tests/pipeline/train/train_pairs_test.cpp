// Pairs come back as they were written, and those of another autoencoder are refused.
#include "pipeline/train/train_pairs.h"

#include "io/file/fault.h"
#include "tests/support/support.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/types.h>

namespace ctforge::pipeline {
namespace {

const PairsOrigin kOrigin{"ab", {"chest", "pelvis"}};

TEST(PairSet, GivesBackWhatWasWrittenInAnyOrder) {
  const ctforge::test::TemporaryFolder folder;
  const auto noise = torch::arange(5 * 2 * 3 * 4).view({5, 2, 3, 4}).to(torch::kFloat32), data = -noise;
  write_pairs(folder / pairs_name(0), noise.narrow(0, 0, 3), data.narrow(0, 0, 3), {0, 1, 0}, kOrigin);
  write_pairs(folder / pairs_name(1), noise.narrow(0, 3, 2), data.narrow(0, 3, 2), {2, 1}, kOrigin);
  const PairSet pairs(folder.path(), kOrigin, {2, 3, 4});
  EXPECT_EQ(pairs.size(), 5);
  EXPECT_EQ(pairs.classes(), (std::vector<std::int32_t>{0, 1, 0, 2, 1}));
  const auto order = torch::tensor({4, 0, 3, 2, 1});
  EXPECT_TRUE(torch::equal(pairs.noise({4, 0, 3, 2, 1}), noise.index_select(0, order)));
  EXPECT_TRUE(torch::equal(pairs.data({4, 0, 3, 2, 1}), data.index_select(0, order)));
  EXPECT_EQ(pairs.sha256().size(), 64U);
}

TEST(PairSet, RefusesWhatDoesNotFit) {
  const ctforge::test::TemporaryFolder folder;
  EXPECT_THROW(PairSet(folder.path(), kOrigin, {2, 3, 4}), io::DataError);
  EXPECT_THROW(PairSet(folder / "none", kOrigin, {2, 3, 4}), io::DataError);
  const auto values = torch::zeros({2, 2, 3, 4});
  write_pairs(folder / pairs_name(0), values, values, {0, 1}, kOrigin);
  EXPECT_THROW(PairSet(folder.path(), {"cd", kOrigin.classes}, {2, 3, 4}), io::DataError);
  EXPECT_THROW(PairSet(folder.path(), {"ab", {"pelvis", "chest"}}, {2, 3, 4}), io::DataError);
  EXPECT_THROW(PairSet(folder.path(), kOrigin, {2, 4, 4}), io::DataError);
  EXPECT_THROW(write_pairs(folder / pairs_name(1), values, values, {0}, kOrigin), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::pipeline
