// Training patches that samples begin at: of the sample's class, its own whatever is drawn beside it, fully contoured.
#include "pipeline/sample/starts.h"

#include "io/file/fault.h"
#include "tests/pipeline/train/train_support.h"
#include "tests/support/support.h"

#include <algorithm>
#include <memory>
#include <set>
#include <span>
#include <vector>

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

TEST(StartPatches, AreTrainingPatchesOfTheClassWhereNothingMoves) {
  const ctforge::test::TemporaryFolder folder;
  support::write_patches(folder.path(), "train", 8);
  const Generator generator = pixel_generator();
  const auto starts = std::make_shared<const StartPatches>(folder.path(), generator.patches, 0, 5);
  EXPECT_EQ(starts->counts(), (std::vector<double>{4, 4}));
  const PatchTensors patches(folder.path(), "train");
  const PatchBatch all = patches.batch({0, 1, 2, 3, 4, 5, 6, 7});
  const auto known = generator.codec.encode(all.image, all.mask);
  const auto begun = encoded_starts(starts, generator)({0, 1, 2, 3, 4, 5}, {0, 1, 0, 1, 0, 1});
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

TEST(StartPatches, AreMovedAndTheSameInAnyBatch) {
  const ctforge::test::TemporaryFolder folder;
  support::write_patches(folder.path(), "train", 8);
  const StartPatches starts(folder.path(), pixel_generator().patches, 1, 5);
  const auto together = starts.moved({3, 4, 9}, {1, 0, 1}).image;
  EXPECT_TRUE(torch::equal(starts.moved({9}, {1}).image[0], together[2]));
  const StartPatches still(folder.path(), pixel_generator().patches, 0, 5);
  EXPECT_FALSE(torch::equal(still.moved({9}, {1}).image[0], together[2]));
}

TEST(StartPatches, TellHowNearSamplesCameToThem) {
  const ctforge::test::TemporaryFolder folder;
  support::write_patches(folder.path(), "train", 8);
  const StartPatches starts(folder.path(), pixel_generator().patches, 1, 5);
  eval::PatchSet samples = eval::patches_of(std::make_shared<const io::ShardSet>(folder.path(), "train"));
  const auto apart = start_correlations(starts, samples);
  ASSERT_EQ(apart.size(), 8U);
  EXPECT_LT(*std::max_element(apart.begin(), apart.end()), 0.999);  // none is as it lies in the data
  const std::vector<std::int32_t> class_index = samples.class_index;
  const auto window = samples.window_hu;
  samples.pixels = [&starts, class_index, window](std::span<const std::int64_t> indices) {
    std::vector<std::int64_t> classes, all(indices.begin(), indices.end());
    for (const std::int64_t i : indices) classes.push_back(class_index[static_cast<std::size_t>(i)]);
    const auto begun = starts.moved(all, classes);
    return eval::Pixels{eval::unwindowed(begun.image.squeeze(1), window), begun.label.to(torch::kUInt8)};
  };
  for (const double value : start_correlations(starts, samples)) EXPECT_NEAR(value, 1, 1e-3);
}

TEST(StartPatches, AreOfWholeMasksAndOfTheGeneratorsClasses) {
  const ctforge::test::TemporaryFolder folder;
  const auto open = [&folder] { return StartPatches(folder.path(), pixel_generator().patches, 1, 5); };
  EXPECT_THROW(open(), io::DataError);                       // no data
  support::write_patches(folder.path(), "train", 8, 16, 1);  // of four patches the organ was not contoured
  EXPECT_EQ(open().counts(), (std::vector<double>{2, 2}));
  auto others = pixel_generator().patches;
  others.classes = {"dark", "light"};
  EXPECT_THROW(StartPatches(folder.path(), others, 1, 5), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
