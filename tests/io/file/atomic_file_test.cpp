// Files appear whole or not at all.
#include "io/file/atomic_file.h"

#include "io/file/fault.h"
#include "tests/support/support.h"

#include <ostream>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

namespace fs = std::filesystem;

TEST(AtomicFile, ReplacesWholeContents) {
  test::TemporaryFolder folder;
  write_atomically(folder / "sub/a.txt", "first, and longer");
  write_atomically(folder / "sub/a.txt", "second");
  EXPECT_EQ(read_whole_file(folder / "sub/a.txt"), "second");
}

TEST(AtomicFile, FailureKeepsOldContentsAndLeavesNothing) {
  test::TemporaryFolder folder;
  write_atomically(folder / "a.txt", "old");
  EXPECT_THROW(write_atomically(folder / "a.txt",
                                [](std::ostream& out) {
                                  out << "half";
                                  throw std::runtime_error("interrupted");
                                }),
               std::runtime_error);
  EXPECT_EQ(read_whole_file(folder / "a.txt"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(AtomicFile, FullDiskIsAnError) {
  // /dev/full fails every write as a full disk does.
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  test::TemporaryFolder folder;
  EXPECT_THROW(write_atomically_by_name(folder / "a.txt",
                                        [](const fs::path& part) { test::write_file("/dev/full", part.string()); }),
               std::exception);
  EXPECT_FALSE(fs::exists(folder / "a.txt"));
}

TEST(AtomicFile, ALinkReplacesWhatStoodThere) {
  test::TemporaryFolder folder;
  write_atomically(folder / "a.txt", "new");
  write_atomically(folder / "sub/b.txt", "old");
  link_or_copy(folder / "a.txt", folder / "sub/b.txt");
  EXPECT_EQ(read_whole_file(folder / "sub/b.txt"), "new");
  fs::remove(folder / "a.txt");
  EXPECT_EQ(read_whole_file(folder / "sub/b.txt"), "new");
}

TEST(AtomicFile, RemovesOnlyLeftovers) {
  test::TemporaryFolder folder;
  test::write_file(folder / ".ctforge-part-77-a.txt", "half");
  test::write_file(folder / "a.txt", "whole");
  EXPECT_EQ(remove_leftovers(folder.path()), 1);
  EXPECT_TRUE(fs::exists(folder / "a.txt"));
}

TEST(AtomicFile, MissingFileIsUnreadable) {
  try {
    read_whole_file("/nonexistent/file");
    FAIL() << "no error";
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::Unreadable);
  }
}

}  // namespace
}  // namespace ctforge::io
