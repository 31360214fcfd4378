// Patterns as users write them.
#include "io/file/file_pattern.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(FilePattern, StarTakesThePatientsName) {
  const auto match = match_pattern("*_ct.nii.gz", "site1/p7_ct.nii.gz");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->name, "site1/p7");
  EXPECT_EQ(fill_pattern("*_seg.nii.gz", *match), "site1/p7_seg.nii.gz");
}

TEST(FilePattern, StarDoesNotCrossASlash) {
  EXPECT_TRUE(match_pattern("*/ct.nii.gz", "p7/ct.nii.gz"));
  EXPECT_FALSE(match_pattern("*/ct.nii.gz", "a/p7/ct.nii.gz"));
  EXPECT_FALSE(match_pattern("*_ct.nii.gz", "_ct.nii.gz"));
}

TEST(FilePattern, ABareStarLeavesTheExtensionOut) {
  EXPECT_EQ(match_pattern("*", "p7.nii.gz")->name, "p7");
  EXPECT_EQ(volume_extension("P7.NII.GZ"), ".nii.gz");
  EXPECT_EQ(volume_extension("p7.dcm"), "");
}

}  // namespace
}  // namespace ctforge::io
