// A folder has one owner at a time.
#include "pipeline/folder_lock.h"

#include "pipeline/config_tree.h"
#include "tests/support/support.h"

#include <optional>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(FolderLock, IsHeldByOneAtATime) {
  const ctforge::test::TemporaryFolder folder;
  std::optional<FolderLock> first(std::in_place, folder.path());
  EXPECT_THROW(FolderLock{folder.path()}, ConfigError);
  first.reset();
  EXPECT_NO_THROW(FolderLock{folder.path()});
  EXPECT_THROW(FolderLock{folder / "absent"}, ConfigError);
}

TEST(FolderLock, TellsWhetherItIsHeld) {
  const ctforge::test::TemporaryFolder folder;
  EXPECT_FALSE(FolderLock::is_held(folder.path()));
  EXPECT_FALSE(FolderLock::is_held(folder / "absent"));
  {
    const FolderLock working(folder.path());
    EXPECT_TRUE(FolderLock::is_held(folder.path()));
  }
  EXPECT_FALSE(FolderLock::is_held(folder.path()));
}

}  // namespace
}  // namespace ctforge::pipeline
