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
  EXPECT_TRUE(FolderLock::is_held(folder.path()));
  first.reset();
  EXPECT_FALSE(FolderLock::is_held(folder.path()));
  EXPECT_FALSE(FolderLock::is_held(folder / "absent"));
  EXPECT_NO_THROW(FolderLock{folder.path()});
  EXPECT_THROW(FolderLock{folder / "absent"}, ConfigError);
}

TEST(FolderLock, IsSharedByThoseThatDoParts) {
  const ctforge::test::TemporaryFolder folder;
  std::optional<FolderLock> part(std::in_place, folder.path(), FolderLock::Mode::Shared);
  EXPECT_NO_THROW(FolderLock(folder.path(), FolderLock::Mode::Shared));
  EXPECT_THROW(FolderLock{folder.path()}, ConfigError);
  part.reset();
  const FolderLock alone(folder.path());
  EXPECT_THROW(FolderLock(folder.path(), FolderLock::Mode::Shared), ConfigError);
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
