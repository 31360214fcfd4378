// Patches become tensors in the right window, order and place.
#include "pipeline/train/train_data.h"

#include "io/file/fault.h"
#include "tests/pipeline/train/train_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(PatchTensors, WindowsAndOrdersAsAsked) {
  const ctforge::test::TemporaryFolder folder;
  support::write_patches(folder.path(), "train", 6);
  const PatchTensors patches(folder.path(), "train");
  const PatchBatch batch = patches.batch({3, 0});
  EXPECT_EQ(batch.image.sizes(), (at::IntArrayRef{2, 1, 16, 16}));
  EXPECT_EQ(batch.labels[0].item<int>(), 1);
  EXPECT_EQ(batch.labels[1].item<int>(), 0);
  // Background is 600 HU in one and -600 HU in the other, under a window of -1000 to 1000 HU.
  const auto ground = batch.image.squeeze(1).masked_fill(batch.mask.eq(1), 0).sum({1, 2}) / 240;
  EXPECT_NEAR(ground[0].item<double>(), 0.6, 0.01);
  EXPECT_NEAR(ground[1].item<double>(), -0.6, 0.01);
  const auto frequencies = patches.label_frequencies();
  ASSERT_EQ(frequencies.size(), 2U);
  EXPECT_DOUBLE_EQ(frequencies[1], 16.0 / 256);
  EXPECT_THROW(patches.batch({6}), std::out_of_range);
  EXPECT_THROW(PatchTensors(folder.path(), "test"), io::DataError);
}

TEST(PatchTensors, LeavesOutPatientsWithoutEveryContour) {
  const ctforge::test::TemporaryFolder folder;
  support::write_patches(folder.path(), "train", 10, 16, 1);
  const PatchTensors all(folder.path(), "train"), complete(folder.path(), "train", true);
  EXPECT_EQ(all.size(), 10);
  EXPECT_EQ(all.left_out(), 0);
  ASSERT_EQ(complete.size(), 6);
  EXPECT_EQ(complete.left_out(), 4);
  EXPECT_EQ(complete.classes(), std::vector<std::int32_t>({0, 1, 0, 1, 0, 1}));
  EXPECT_TRUE(torch::equal(complete.batch({0, 5}).image, all.batch({4, 9}).image));
}

TEST(PatchTensors, JitterMovesImageAndMaskTogether) {
  PatchBatch batch;
  batch.mask = torch::zeros({20, 12, 12}, torch::kUInt8);
  batch.mask.narrow(1, 5, 2).narrow(2, 4, 3).fill_(1);
  batch.image = batch.mask.unsqueeze(1).to(torch::kFloat32).clone();
  batch.labels = torch::zeros({20}, torch::kInt64);
  torch::Generator generator = seeded(3);
  const auto before = batch.image.clone();
  const PatchBatch moved = jittered(batch, nets::all_of(batch.image.size(0)), 2, generator);
  EXPECT_TRUE(torch::equal(moved.image.squeeze(1), moved.mask.to(torch::kFloat32)));
  EXPECT_FALSE(torch::equal(moved.image, before));
  EXPECT_EQ(moved.mask.sum().item<int>(), 20 * 6);  // nothing left the patch
  torch::Generator again = seeded(3);
  EXPECT_TRUE(torch::equal(jittered(moved, nets::all_of(moved.image.size(0)), 0, again).image, moved.image));
}

TEST(PatchTensors, JointInputIsCtAndOneHotMask) {
  const auto mask = torch::tensor({0, 2, 1, 0}, torch::kUInt8).view({1, 2, 2});
  const auto joint = joint_input(torch::full({1, 1, 2, 2}, 0.5), mask, 3);
  const auto expected = torch::tensor({0.5, 0.5, 0.5, 0.5, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0})
                            .view({1, 4, 2, 2})
                            .to(torch::kFloat32);
  EXPECT_TRUE(torch::equal(joint, expected));
}

TEST(PatchTensors, EvenlySpacedIndicesAndDigests) {
  EXPECT_EQ(evenly_spaced(10, 4), (std::vector<std::int64_t>{0, 2, 5, 7}));
  EXPECT_EQ(evenly_spaced(2, 4), (std::vector<std::int64_t>{0, 1}));
  const ctforge::test::TemporaryFolder folder;
  support::write_patches(folder.path(), "train", 6);
  const std::string before = split_sha256(folder.path(), "train");
  support::write_patches(folder.path(), "validation", 6);
  EXPECT_EQ(split_sha256(folder.path(), "train"), before);
  support::write_patches(folder.path(), "train", 8);
  EXPECT_NE(split_sha256(folder.path(), "train"), before);
}

}  // namespace
}  // namespace ctforge::pipeline
