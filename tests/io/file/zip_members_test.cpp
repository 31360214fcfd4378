// Zip files written here and by Python, cut short at every byte, and with sizes that are not true.
#include "io/file/zip_members.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "tests/io/file/fault_of.h"
#include "tests/support/support.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

std::string python_file() { return read_whole_file(test::source_dir() / "tests" / "oracle" / "numpy_deflated.npz"); }

TEST(ZipStored, ListsAndUnpacksWhatItWrote) {
  const std::string file = zip_stored({{"b", "second"}, {"a", std::string(1000, 'x')}, {"empty", ""}});
  const auto members = zip_members(file);
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[0].name, "a");
  EXPECT_EQ(unpacked(file, members[0]), std::string(1000, 'x'));
  EXPECT_EQ(unpacked(file, members[1]), "second");
  EXPECT_EQ(unpacked(file, members[2]), "");
}

TEST(ZipMembers, OfAFileCutShortAreRefused) {
  const std::string file = python_file();
  for (std::size_t size = 0; size < file.size(); size += 7) {
    const std::string cut = file.substr(0, size);
    EXPECT_THROW(zip_members(cut), DataError) << size;
  }
}

TEST(ZipMembers, NeverReadBeyondTheFileWhateverAByteBecomes) {
  const std::string file = python_file();
  int refused = 0;
  for (std::size_t at = 0; at < file.size(); at += 3) {
    std::string changed = file;
    changed[at] = static_cast<char>(changed[at] ^ 0xFF);
    try {
      for (const ZipMember& member : zip_members(changed)) unpacked(changed, member);
    } catch (const DataError&) {  // either is right, as long as nothing else happens
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(ZipMembers, RefuseSizesThatDeflateCannotReach) {
  std::string file = python_file();
  std::vector<ZipMember> members = zip_members(file);
  ZipMember& zeros = members.back();
  ASSERT_EQ(zeros.name, "zeros.npy");
  ASSERT_TRUE(zeros.deflated);
  zeros.size = std::uint64_t{1} << 40;
  EXPECT_EQ(test::fault_of([&] { unpacked(file, zeros); }), Fault::TooLarge);
  zeros.size = 5000;  // less than there is
  EXPECT_EQ(test::fault_of([&] { unpacked(file, zeros); }), Fault::TruncatedFile);
  std::string stored = zip_stored({{"a", "text"}});
  stored[stored.find("text")] = 'T';
  EXPECT_EQ(test::fault_of([&] { unpacked(stored, zip_members(stored)[0]); }), Fault::TruncatedFile);
}

}  // namespace
}  // namespace ctforge::io
