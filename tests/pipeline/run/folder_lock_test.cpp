// A folder has one owner at a time, who is named; what a dead one left does not count.
#include "pipeline/run/folder_lock.h"

#include "pipeline/config/config_tree.h"
#include "tests/support/support.h"

#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ctforge::pipeline {
namespace {

std::string refusal(const std::filesystem::path& folder) {
  try {
    FolderLock{folder};
  } catch (const ConfigError& error) {
    return error.problems().at(0).line();
  }
  return {};
}

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

TEST(FolderLock, NamesItsHolder) {
  const ctforge::test::TemporaryFolder folder;
  ::setenv("SLURM_JOB_ID", "4711", 1);
  const FolderLock lock(folder.path());
  ::unsetenv("SLURM_JOB_ID");
  const std::string line = refusal(folder.path());
  EXPECT_NE(line.find("process " + std::to_string(::getpid()) + " on "), std::string::npos) << line;
  EXPECT_NE(line.find(", job 4711, since 2"), std::string::npos) << line;
}

TEST(FolderLock, OfADeadProcessIsTakenOver) {
  const ctforge::test::TemporaryFolder folder;
  int ready[2] = {-1, -1};
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const FolderLock lock(folder.path());
    if (::write(ready[1], "x", 1) == 1) ::pause();
    ::_exit(1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_NE(refusal(folder.path()).find("process " + std::to_string(child)), std::string::npos);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NE(test::read_file(folder / ".ctforge.lock"), "");
  EXPECT_EQ(refusal(folder.path()), "");
  EXPECT_EQ(test::read_file(folder / ".ctforge.lock"), "");
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(FolderLock, IsFreeWhateverStandsInItsFile) {
  const ctforge::test::TemporaryFolder folder;
  test::write_file(folder / ".ctforge.lock",
                   R"({"host":"elsewhere","pid":1,"job":"","started":"2020-01-01T00:00:00Z"})");
  EXPECT_EQ(refusal(folder.path()), "");
  test::write_file(folder / ".ctforge.lock", std::string(3000, '{'));
  EXPECT_EQ(refusal(folder.path()), "");
}

}  // namespace
}  // namespace ctforge::pipeline
