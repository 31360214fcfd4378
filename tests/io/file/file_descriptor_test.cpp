// Files are read at a place, no further than they go, and closed.
#include "io/file/file_descriptor.h"

#include "tests/io/file/fault_of.h"
#include "tests/support/support.h"

#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(FileDescriptor, ReadsAtAPlaceAndNoFurther) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "file", "0123456789");
  const FileDescriptor file(folder / "file");
  EXPECT_EQ(file.file_bytes(), 10);
  std::string bytes(4, ' ');
  EXPECT_TRUE(file.read(6, bytes));
  EXPECT_EQ(bytes, "6789");
  EXPECT_FALSE(file.read(7, bytes));
}

TEST(FileDescriptor, ClosesAndRefusesWhatIsNotThere) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "file", "0");
  int value = -1;
  {
    const FileDescriptor file(folder / "file");
    value = file.get();
    EXPECT_NE(fcntl(value, F_GETFD), -1);
  }
  EXPECT_EQ(fcntl(value, F_GETFD), -1);
  EXPECT_EQ(test::fault_of([&] { FileDescriptor(folder / "none"); }), Fault::Unreadable);
}

}  // namespace
}  // namespace ctforge::io
