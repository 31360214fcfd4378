// Every fault has one code and one meaning.
#include "io/file/fault.h"

#include "tests/support/support.h"

#include <set>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(Fault, CodesAreUniqueAndInvertible) {
  std::set<std::string> codes;
  for (int value = 0; value <= static_cast<int>(Fault::OtherConfiguration); ++value) {
    const auto fault = static_cast<Fault>(value);
    const std::string code(fault_code(fault));
    EXPECT_TRUE(codes.insert(code).second) << code;
    EXPECT_EQ(fault_from_code(code), fault);
    EXPECT_FALSE(fault_meaning(fault).empty());
  }
}

// docs/faults.md tells of each code, and of no other.
TEST(Fault, EveryCodeIsDocumented) {
  const std::string text = test::read_file(test::source_dir() / "docs" / "faults.md");
  std::size_t rows = 0;
  for (std::size_t at = text.find("\n| `"); at != std::string::npos; at = text.find("\n| `", at + 1)) ++rows;
  for (int value = 0; value <= static_cast<int>(Fault::OtherConfiguration); ++value) {
    const std::string code(fault_code(static_cast<Fault>(value)));
    EXPECT_NE(text.find("\n| `" + code + "` | "), std::string::npos) << code;
  }
  EXPECT_EQ(rows, static_cast<std::size_t>(Fault::OtherConfiguration) + 1);
}

TEST(Fault, UnknownCodeThrows) { EXPECT_THROW(fault_from_code("no-such-fault"), std::invalid_argument); }

TEST(Fault, DataErrorCarriesItsFault) {
  const DataError error(Fault::NotCt, "Modality is MR, expected CT");
  EXPECT_EQ(error.fault(), Fault::NotCt);
  EXPECT_STREQ(error.what(), "Modality is MR, expected CT");
}

}  // namespace
}  // namespace ctforge::io
