// Training patches that samples begin at: of the sample's class, its own whatever is drawn beside it, fully contoured.
#include "pipeline/sample/starts.h"

#include "io/file/fault.h"
#include "pipeline/train/train_data.h"
#include "tests/pipeline/train/train_support.h"
#include "tests/support/support.h"

#include <set>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

// Pixels as they are: what is encoded can be seen.
Generator pixel_generator() {
  Generator generator;
  generator.codec = diffusion::identity_codec(16, 16, 2);
  generator.patches.classes = {"dark", "bright"};
  generator.patches.labels = {"background", "organ"};
  return generator;
}

TEST(PatchStarts, AreTrainingPatchesOfTheClassWhereNothingMoves) {
  const ctforge::test::TemporaryFolder folder;
  support::write_patches(folder.path(), "train", 8);
  SampleConfig config;
  config.movement = 0;
  const Generator generator = pixel_generator();
  const auto starts = patch_starts(config, generator, folder.path(), 5, {1, 1});
  const PatchTensors patches(folder.path(), "train");
  const PatchBatch all = patches.batch({0, 1, 2, 3, 4, 5, 6, 7});
  const auto known = generator.codec.encode(all.image, all.mask);
  const auto begun = starts({0, 1, 2, 3, 4, 5}, {0, 1, 0, 1, 0, 1});
  std::set<std::int64_t> used;
  for (std::int64_t i = 0; i < 6; ++i) {
    const auto equal = (known == begun[i]).flatten(1).all(1);
    ASSERT_EQ(equal.sum().item<std::int64_t>(), 1);
    const auto which = equal.to(torch::kInt64).argmax().item<std::int64_t>();
    EXPECT_EQ(which % 2, i % 2);  // their classes alternate
    used.insert(which);
  }
  EXPECT_GT(used.size(), 2U);
}

TEST(PatchStarts, AreMovedAndTheSameInAnyBatch) {
  const ctforge::test::TemporaryFolder folder;
  support::write_patches(folder.path(), "train", 8);
  const auto starts = patch_starts({}, pixel_generator(), folder.path(), 5, {1, 1});
  const auto together = starts({3, 4, 9}, {1, 0, 1});
  EXPECT_TRUE(torch::equal(starts({9}, {1})[0], together[2]));
  SampleConfig still;
  still.movement = 0;
  EXPECT_FALSE(
      torch::equal(patch_starts(still, pixel_generator(), folder.path(), 5, {1, 1})({9}, {1})[0], together[2]));
}

TEST(PatchStarts, RefuseWhatHasNoWholeMasksOrNoData) {
  const ctforge::test::TemporaryFolder folder;
  const auto fault_of = [&folder] {
    try {
      patch_starts({}, pixel_generator(), folder.path(), 5, {1, 1});
    } catch (const io::DataError& error) {
      return error.fault();
    }
    return io::Fault::TruncatedFile;
  };
  EXPECT_EQ(fault_of(), io::Fault::Unreadable);
  support::write_patches(folder.path(), "train", 8, 16, 2);  // nobody's organ was contoured
  EXPECT_EQ(fault_of(), io::Fault::NothingUsable);
}

}  // namespace
}  // namespace ctforge::pipeline
