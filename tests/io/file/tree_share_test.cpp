// Each entry belongs to one share, whole, whoever else is there.
#include "io/file/tree_share.h"

#include <set>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

std::set<std::int64_t> owners(std::int64_t count, std::int64_t depth, const std::string& path, bool folder = false) {
  std::set<std::int64_t> found;
  for (std::int64_t index = 0; index < count; ++index)
    if (in_share({index, count, depth}, path, folder)) found.insert(index);
  return found;
}

TEST(TreeShare, AFileGoesWhereItsFolderGoes) {
  std::set<std::int64_t> used;
  for (int patient = 0; patient < 40; ++patient) {
    const std::string folder = "patient" + std::to_string(patient);
    const auto owner = owners(4, 1, folder, true);
    ASSERT_EQ(owner.size(), 1u);
    used.merge(std::set(owner));
    EXPECT_EQ(owners(4, 1, folder + "/study/1.dcm"), owner);
    EXPECT_EQ(owners(4, 1, folder + "/study", true), owner);
  }
  EXPECT_EQ(used.size(), 4u);
}

TEST(TreeShare, AboveTheDepthFoldersAreEnteredByAllAndFilesBelongToOne) {
  EXPECT_EQ(owners(3, 2, "2024", true).size(), 3u);
  EXPECT_EQ(owners(3, 2, "loose.dcm").size(), 1u);
  const auto owner = owners(3, 2, "2024/12", true);
  ASSERT_EQ(owner.size(), 1u);
  EXPECT_EQ(owners(3, 2, "2024/12/a/b.dcm"), owner);
  EXPECT_EQ(owners(1, 1, "anything").size(), 1u);
}

TEST(TreeShare, IsTheSameOnEveryMachine) {
  // sha256("ct") begins f8dc... : its first 60 bits modulo 10, by Python's hashlib.
  EXPECT_EQ(owners(10, 1, "ct"), std::set<std::int64_t>{3});
}

}  // namespace
}  // namespace ctforge::io
